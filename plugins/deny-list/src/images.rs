//! Where the images of a pod come from, and whether their names stay what they are.

use portcullis_sdk::matching::Patterns;
use portcullis_sdk::{Image, Request};
use serde_json::Value;

use crate::pods;

/// The first image that comes from elsewhere than `allowed`, or from one of `refused`.
pub fn from_elsewhere(request: &Request<'_>, allowed: Option<&Patterns>, refused: Option<&Patterns>) -> Result<Option<String>, String> {
    find(request, |who, name| {
        let source = Image::parse(name).source();
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
    find(request, |who, name| {
        let image = Image::parse(name);
        image.is_latest().then(|| match image.tag {
            None => format!("{who} is the image `{name}`, which has no tag and so is `latest`"),
            Some(_) => format!("{who} is the image `{name}`, which is another one tomorrow"),
        })
    })
}

/// The first image without a digest: whoever writes to its registry could exchange it.
pub fn without_a_digest(request: &Request<'_>) -> Result<Option<String>, String> {
    find(request, |who, name| {
        Image::parse(name).digest.is_none_or(|digest| !digest.starts_with("sha256:")).then(|| format!("{who} is the image `{name}`, which has no digest"))
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
