//! The names of container images.

/// An image by its parts, as container runtimes read its name: `nginx` is `docker.io/library/nginx`.
///
/// ```
/// use portcullis_sdk::Image;
///
/// let image = Image::parse("registry.example.com:5000/team/app:1.2@sha256:ab");
/// assert_eq!((image.registry.as_str(), image.repository.as_str()), ("registry.example.com:5000", "team/app"));
/// assert_eq!((image.tag.as_deref(), image.digest.as_deref()), (Some("1.2"), Some("sha256:ab")));
/// assert_eq!(Image::parse("nginx").source(), "docker.io/library/nginx");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The registry's host, in lower case, with its port unless that is 443: `docker.io` where the name says none.
    pub registry: String,
    /// The repository within the registry: `library/nginx`.
    pub repository: String,
    /// The tag, where the name has one. Without a tag and a digest it is `latest` that runs.
    pub tag: Option<String>,
    /// The digest, `sha256:…`: with one it is always the same image, whatever the tag.
    pub digest: Option<String>,
}

impl Image {
    /// The parts of a name. Every text has a reading: what is no name of an image is refused by the cluster.
    pub fn parse(name: &str) -> Image {
        let (rest, digest) = match name.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (name, None),
        };
        // A colon before the last slash is a registry's port.
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag.to_owned())),
            _ => (rest, None),
        };
        let (registry, repository) = match path.split_once('/') {
            Some((host, repository)) if is_registry(host) => {
                let host = host.to_ascii_lowercase();
                // The port that is asked anyway: with it or without, it is one registry.
                (host.strip_suffix(":443").map(str::to_owned).unwrap_or(host), repository)
            }
            _ => ("docker.io".to_owned(), path),
        };
        let hub = matches!(registry.as_str(), "docker.io" | "index.docker.io" | "registry-1.docker.io");
        let repository = if hub && !repository.contains('/') { format!("library/{repository}") } else { repository.to_owned() };
        Image { registry: if hub { "docker.io".to_owned() } else { registry }, repository, tag, digest }
    }

    /// Registry and repository: `docker.io/library/nginx`.
    pub fn source(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// Whether the name stands for one image only: it has a digest.
    pub fn is_pinned(&self) -> bool {
        self.digest.is_some()
    }

    /// Whether nobody can say which version runs: neither a digest nor another tag than `latest`.
    pub fn is_latest(&self) -> bool {
        self.digest.is_none() && self.tag.as_deref().is_none_or(|tag| tag == "latest")
    }
}

/// The first part of a name is a registry when it could be a host: `localhost`, or with a dot, a port or a capital letter, which no
/// repository has (`splitDockerDomain` in github.com/distribution/reference).
fn is_registry(part: &str) -> bool {
    part == "localhost" || part.contains(['.', ':']) || part.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests;
