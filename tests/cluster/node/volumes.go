package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	securejoin "github.com/cyphar/filepath-securejoin"
	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	podresource "k8s.io/kubernetes/pkg/api/v1/resource"
)

// prepareVolumes fills a folder for each of the pod's volumes. Their contents stay as they were when
// the pod started: later changes of a Secret or ConfigMap do not reach a running pod here.
func (p *pod) prepareVolumes(ctx context.Context, object *core.Pod) error {
	for _, volume := range object.Spec.Volumes {
		dir := filepath.Join(p.dir, "volumes", volume.Name)
		if err := p.prepareVolume(ctx, object, dir, volume); err != nil {
			return fmt.Errorf("MountVolume.SetUp failed for volume %q : %w", volume.Name, err)
		}
	}
	return nil
}

func (p *pod) prepareVolume(ctx context.Context, object *core.Pod, dir string, volume core.Volume) error {
	if volume.HostPath != nil {
		return p.hostPath(dir, volume.HostPath)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	switch source := volume.VolumeSource; {
	case source.EmptyDir != nil:
		return os.Chmod(dir, 0o777)
	case source.Secret != nil:
		s := source.Secret
		return p.secretFiles(ctx, dir, s.SecretName, s.Optional, s.Items)
	case source.ConfigMap != nil:
		s := source.ConfigMap
		return p.configMapFiles(ctx, dir, s.Name, s.Optional, s.Items)
	case source.DownwardAPI != nil:
		return p.downwardFiles(object, dir, source.DownwardAPI.Items)
	case source.Projected != nil:
		for _, part := range source.Projected.Sources {
			if err := p.projected(ctx, object, dir, part); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("this node knows no such kind of volume; use emptyDir, secret, configMap, downwardAPI, projected or hostPath")
}

// hostPath shows a folder of the node's disk. That disk is a folder beside the pods: a test that
// writes to it, or removes it, must not reach the machine's own.
func (p *pod) hostPath(dir string, source *core.HostPathVolumeSource) error {
	disk := filepath.Join(p.node.dir, "disk")
	if err := os.MkdirAll(disk, 0o755); err != nil {
		return err
	}
	path, err := securejoin.SecureJoin(disk, source.Path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(path, dir)
}

func (p *pod) projected(ctx context.Context, object *core.Pod, dir string, part core.VolumeProjection) error {
	switch {
	case part.Secret != nil:
		return p.secretFiles(ctx, dir, part.Secret.Name, part.Secret.Optional, part.Secret.Items)
	case part.ConfigMap != nil:
		return p.configMapFiles(ctx, dir, part.ConfigMap.Name, part.ConfigMap.Optional, part.ConfigMap.Items)
	case part.DownwardAPI != nil:
		return p.downwardFiles(object, dir, part.DownwardAPI.Items)
	case part.ServiceAccountToken != nil:
		return p.tokenFile(ctx, object, dir, part.ServiceAccountToken)
	}
	return fmt.Errorf("this node knows no such projected source; use secret, configMap, downwardAPI or serviceAccountToken")
}

func (p *pod) secretFiles(ctx context.Context, dir, name string, optional *bool, items []core.KeyToPath) error {
	object, err := p.secret(ctx, name, optional)
	if err != nil {
		return err
	}
	return writeItems(dir, object.Data, items, "Secret", name)
}

func (p *pod) configMapFiles(ctx context.Context, dir, name string, optional *bool, items []core.KeyToPath) error {
	object, err := p.configMap(ctx, name, optional)
	if err != nil {
		return err
	}
	data := make(map[string][]byte, len(object.Data)+len(object.BinaryData))
	for key, text := range object.Data {
		data[key] = []byte(text)
	}
	for key, bytes := range object.BinaryData {
		data[key] = bytes
	}
	return writeItems(dir, data, items, "ConfigMap", name)
}

// writeItems writes all keys, or those that are named under the paths that are.
func writeItems(dir string, data map[string][]byte, items []core.KeyToPath, kind, name string) error {
	if len(items) == 0 {
		for key, bytes := range data {
			if err := writeBelow(dir, key, bytes); err != nil {
				return err
			}
		}
		return nil
	}
	for _, item := range items {
		bytes, found := data[item.Key]
		if !found {
			return fmt.Errorf("%s %q has no key %q", kind, name, item.Key)
		}
		if err := writeBelow(dir, item.Path, bytes); err != nil {
			return err
		}
	}
	return nil
}

func (p *pod) downwardFiles(object *core.Pod, dir string, items []core.DownwardAPIVolumeFile) error {
	for _, item := range items {
		var text string
		var err error
		switch {
		case item.FieldRef != nil:
			text, err = p.field(item.FieldRef.FieldPath)
		case item.ResourceFieldRef != nil:
			text, err = podresource.ExtractResourceValueByContainerName(item.ResourceFieldRef, object, item.ResourceFieldRef.ContainerName)
		}
		if err != nil {
			return err
		}
		if err := writeBelow(dir, item.Path, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// tokenFile asks for a token of the pod's service account, bound to the pod.
func (p *pod) tokenFile(ctx context.Context, object *core.Pod, dir string, source *core.ServiceAccountTokenProjection) error {
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{
		ExpirationSeconds: source.ExpirationSeconds,
		BoundObjectRef:    &authentication.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: object.Name, UID: object.UID},
	}}
	if source.Audience != "" {
		request.Spec.Audiences = []string{source.Audience}
	}
	answer, err := p.node.client.CoreV1().ServiceAccounts(p.namespace).CreateToken(ctx, object.Spec.ServiceAccountName, request, meta.CreateOptions{})
	if err != nil {
		return fmt.Errorf("failed to fetch token: %w", err)
	}
	return writeBelow(dir, source.Path, []byte(answer.Status.Token))
}

func writeBelow(dir, name string, bytes []byte) error {
	path, err := securejoin.SecureJoin(dir, name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, bytes, 0o644)
}
