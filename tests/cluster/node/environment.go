package node

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	podresource "k8s.io/kubernetes/pkg/api/v1/resource"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// environment is a container's, as its pod describes it.
func (p *pod) environment(ctx context.Context, c *core.Container) ([]string, error) {
	values := map[string]string{
		"PATH":     searchPath,
		"HOME":     "/root",
		"HOSTNAME": p.hostname,
		// Where the API is by its service; nothing routes there, as CLUSTER says.
		"KUBERNETES_SERVICE_HOST": "10.0.0.1",
		"KUBERNETES_SERVICE_PORT": "443",
	}
	if c.TTY {
		values["TERM"] = "xterm"
	}
	for _, from := range c.EnvFrom {
		data, err := p.envFrom(ctx, from)
		if err != nil {
			return nil, err
		}
		for key, value := range data {
			values[from.Prefix+key] = value
		}
	}
	for _, variable := range c.Env {
		value, found, err := p.value(ctx, c, variable, values)
		if err != nil {
			return nil, err
		}
		if found {
			values[variable.Name] = value
		}
	}
	env := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		env = append(env, name+"="+values[name])
	}
	return env, nil
}

// envFrom reads a whole Secret or ConfigMap.
func (p *pod) envFrom(ctx context.Context, from core.EnvFromSource) (map[string]string, error) {
	data := map[string]string{}
	switch {
	case from.ConfigMapRef != nil:
		object, err := p.configMap(ctx, from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
		if err != nil {
			return nil, err
		}
		maps.Copy(data, object.Data)
	case from.SecretRef != nil:
		object, err := p.secret(ctx, from.SecretRef.Name, from.SecretRef.Optional)
		if err != nil {
			return nil, err
		}
		for key, value := range object.Data {
			data[key] = string(value)
		}
	}
	return data, nil
}

// value is what one variable of the pod's description comes to.
func (p *pod) value(ctx context.Context, c *core.Container, v core.EnvVar, before map[string]string) (value string, found bool, err error) {
	if v.ValueFrom == nil {
		return expansion.Expand(v.Value, expansion.MappingFuncFor(before)), true, nil
	}
	switch from := v.ValueFrom; {
	case from.FieldRef != nil:
		value, err := p.field(from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		value, err := podresource.ExtractContainerResourceValue(from.ResourceFieldRef, c)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		object, err := p.configMap(ctx, ref.Name, ref.Optional)
		if err != nil {
			return "", false, err
		}
		value, found := object.Data[ref.Key]
		return value, found, missingKey(found, ref.Optional, ref.Key, "ConfigMap", p.namespace, ref.Name)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		object, err := p.secret(ctx, ref.Name, ref.Optional)
		if err != nil {
			return "", false, err
		}
		value, found := object.Data[ref.Key]
		return string(value), found, missingKey(found, ref.Optional, ref.Key, "Secret", p.namespace, ref.Name)
	}
	return "", false, nil
}

func missingKey(found bool, optional *bool, key, kind, namespace, name string) error {
	if found || optional != nil && *optional {
		return nil
	}
	return fmt.Errorf("couldn't find key %s in %s %s/%s", key, kind, namespace, name)
}

// field is what a fieldRef means.
func (p *pod) field(path string) (string, error) {
	object := p.latest()
	switch path {
	case "status.podIP", "status.podIPs":
		return p.address, nil
	case "status.hostIP", "status.hostIPs":
		return hostAddress, nil
	case "spec.nodeName":
		return object.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return object.Spec.ServiceAccountName, nil
	}
	return fieldpath.ExtractFieldPathAsString(object, path)
}

func (p *pod) secret(ctx context.Context, name string, optional *bool) (*core.Secret, error) {
	object, err := p.node.client.CoreV1().Secrets(p.namespace).Get(ctx, name, meta.GetOptions{})
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return &core.Secret{}, nil
	}
	return object, err
}

func (p *pod) configMap(ctx context.Context, name string, optional *bool) (*core.ConfigMap, error) {
	object, err := p.node.client.CoreV1().ConfigMaps(p.namespace).Get(ctx, name, meta.GetOptions{})
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return &core.ConfigMap{}, nil
	}
	return object, err
}

// expand replaces $(NAME) in a word of a command.
func expand(word string, env []string) string {
	values := map[string]string{}
	for _, setting := range env {
		name, value, _ := strings.Cut(setting, "=")
		values[name] = value
	}
	return expansion.Expand(word, expansion.MappingFuncFor(values))
}
