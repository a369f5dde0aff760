//! Where the images of a pod come from, and whether their names stay what they are.

use portcullis_sdk::Request;
use portcullis_sdk::matching::Patterns;
use serde_json::Value;

use crate::pods;

/// An image by its parts, as container runtimes read its name: `nginx` is `docker.io/library/nginx`.
#[derive(Debug, PartialEq, Eq)]
struct Image<'a> {
    /// Registry and repository: `registry.example.com/team/app`.
    source: String,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    fn parse(name: &'a str) -> Image<'a> {
        let (rest, digest) = match name.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (name, None),
        };
        // A colon before the last slash is a registry's port.
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        let source = match path.split_once('/') {
            Some((host, repository)) if is_registry(host) => {
                let host = host.to_ascii_lowercase();
                let hub = matches!(host.as_str(), "docker.io" | "index.docker.io" | "registry-1.docker.io");
                match (hub, repository.contains('/')) {
                    (true, true) => format!("docker.io/{repository}"),
                    (true, false) => format!("docker.io/library/{repository}"),
                    (false, _) => format!("{host}/{repository}"),
                }
            }
            Some(_) => format!("docker.io/{path}"),
            None => format!("docker.io/library/{path}"),
        };
        Image { source, tag, digest }
    }
}

/// The first part of a name is a registry when it could be a host: `localhost`, or with a dot or a port.
fn is_registry(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':'])
}

/// The first image that comes from elsewhere than `allowed`, or from one of `refused`.
pub fn from_elsewhere(request: &Request<'_>, allowed: Option<&Patterns>, refused: Option<&Patterns>) -> Result<Option<String>, String> {
    find(request, |who, name| {
        let source = Image::parse(name).source;
        if refused.is_some_and(|refused| refused.fit(&source)) {
            return Some(format!("{who} is the image `{source}`, which is refused"));
        }
        if allowed.is_some_and(|allowed| !allowed.fit(&source)) {
            return Some(format!("{who} is the image `{source}`, which is not among the allowed ones"));
        }
        None
    })
}

/// The first image whose tag says nothing about what it is: `latest`, or none. A digest says all.
pub fn of_any_version(request: &Request<'_>) -> Result<Option<String>, String> {
    find(request, |who, name| match Image::parse(name) {
        Image { digest: Some(_), .. } => None,
        Image { tag: None, .. } => Some(format!("{who} is the image `{name}`, which has no tag and so is `latest`")),
        Image { tag: Some("latest"), .. } => Some(format!("{who} is the image `{name}`, which is another one tomorrow")),
        _ => None,
    })
}

/// The first image without a digest: whoever writes to its registry could exchange it.
pub fn without_a_digest(request: &Request<'_>) -> Result<Option<String>, String> {
    find(request, |who, name| {
        let digest = Image::parse(name).digest;
        digest.is_none_or(|digest| !digest.starts_with("sha256:")).then(|| format!("{who} is the image `{name}`, which has no digest"))
    })
}

/// Goes through the images that a write would run, with what each is for.
fn find(request: &Request<'_>, judge: impl Fn(&str, &str) -> Option<String>) -> Result<Option<String>, String> {
    pods::containers_after(request, |spec| {
        // A container of a template may leave its image to a controller.
        let of_containers = pods::containers(spec).filter_map(|container| {
            let image = container["image"].as_str().filter(|image| !image.is_empty())?;
            Some((format!("the container `{}`", pods::name(container)), image))
        });
        let of_volumes = pods::list(spec, "volumes").filter_map(|volume: &Value| {
            let image = volume["image"]["reference"].as_str().filter(|image| !image.is_empty())?;
            Some((format!("the volume `{}`", pods::name(volume)), image))
        });
        of_containers.chain(of_volumes).find_map(|(who, image)| judge(&who, image))
    })
}

#[cfg(test)]
mod tests;
