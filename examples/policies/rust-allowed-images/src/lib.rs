//! Containers run only images from allowed registries, and of a version that is named: by a tag, or in some namespaces by a digest.

use portcullis_sdk::{JsonSchema, Request, Verdict, guard, workload};

/// Which images may run.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Where images may come from: a registry, or a part of one, such as ghcr.io/acme. Docker's own images are in docker.io/library.
    #[schemars(length(min = 1))]
    registries: Vec<String>,
    /// Namespaces in which an image must be named by its digest.
    #[serde(default)]
    digests: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Container {
    image: String,
}

fn judge(config: &Config, request: &Request) -> Verdict {
    let Some(spec) = pod_spec(request) else { return Verdict::NoOpinion };
    if request.body().is_none() {
        return unseen();
    }
    let refusal = request.after_write(|object| {
        ["containers", "initContainers", "ephemeralContainers"].iter().find_map(|list| {
            let list = format!("{spec}/{list}");
            let Ok(containers) = object.try_get::<Option<Vec<Container>>>(&list) else {
                return Some(Verdict::deny("unreadable-images", format!("the images at {list} cannot be read")));
            };
            let containers = containers.flatten().unwrap_or_default();
            let mut images = containers.iter().enumerate();
            images.find_map(|(index, container)| refusal(config, &container.image, &format!("{list}/{index}/image"), request.namespace()))
        })
    });
    // The API server would not try a patch: nobody knows what it makes.
    refusal.map_or_else(|_| unseen(), |refusal| refusal.unwrap_or(Verdict::NoOpinion))
}

guard! { config: Config, evaluate: judge }

/// Where the pod specification is that this request writes, if it writes one.
fn pod_spec(request: &Request) -> Option<&'static str> {
    let written = matches!(request.verb(), "create" | "update" | "patch");
    let whole = matches!((request.resource(), request.subresource()), (_, None) | ("pods", Some("ephemeralcontainers")));
    if written && whole { workload::pod_spec_pointer(request.group(), request.resource()) } else { None }
}

fn unseen() -> Verdict {
    Verdict::deny("unreadable-images", "the object that this write would make cannot be seen")
}

/// What is wrong with an image, if anything is.
fn refusal(config: &Config, image: &str, at: &str, namespace: Option<&str>) -> Option<Verdict> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._:/@-".contains(c);
    if image.is_empty() || !image.chars().all(allowed) {
        return Some(Verdict::deny("unreadable-images", format!("the image at {at} is no image's name")));
    }
    let image = Image::parse(image);
    let within = |registry: &String| image.name.strip_prefix(registry.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !config.registries.iter().any(within) {
        let refusal = Verdict::deny("allowed-registries", format!("the image at {at} is not from an allowed registry"));
        return Some(refusal.remedy(format!("use an image from {}", config.registries.join(", "))));
    }
    if !image.digest.is_empty() {
        return None;
    }
    if namespace.is_some_and(|namespace| config.digests.iter().any(|digests| digests == namespace)) {
        let refusal = Verdict::deny("digest-required", format!("the image at {at} has no digest"));
        return Some(refusal.remedy("name the image by its digest, as in name@sha256:..."));
    }
    if matches!(image.tag, "" | "latest") {
        let refusal = Verdict::deny("no-floating-tags", format!("the image at {at} has no tag, or the tag latest"));
        return Some(refusal.remedy("name a version by its tag or digest"));
    }
    None
}

/// An image's reference; tag and digest are empty when there is none.
struct Image<'a> {
    /// With its registry, as the kubelet fills it in.
    name: String,
    tag: &'a str,
    digest: &'a str,
}

impl<'a> Image<'a> {
    fn parse(reference: &'a str) -> Image<'a> {
        let (tagged, digest) = reference.split_once('@').unwrap_or((reference, ""));
        let folder = tagged.rfind('/').map_or(0, |slash| slash + 1);
        let (last, tag) = tagged[folder..].split_once(':').unwrap_or((&tagged[folder..], ""));
        let name = &tagged[..folder + last.len()];
        let name = match name.split_once('/') {
            None => format!("docker.io/library/{name}"),
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name.to_owned(),
            Some(_) => format!("docker.io/{name}"),
        };
        Image { name, tag, digest }
    }
}

#[cfg(test)]
mod tests;
