//! What can be checked of `bundle.yaml` without the components.

use std::collections::HashSet;
use std::path::{Component, Path};

use serde_saphyr::Spanned;

use super::entry::{List, Manifest, Mode, PluginEntry};
use super::{FILE, YamlError, at, check_header, is_reference, yaml};
use crate::wit::World;

/// Plugins of one bundle.
const PLUGINS: usize = 64;

/// Globs of one list: a list that is asked for every request stays short.
const GLOBS: usize = 256;

/// Bytes of a reference: a host, a repository of 255 by the distribution specification, a tag and a digest.
const REFERENCE_BYTES: usize = 1024;

/// Bytes of one glob. Kubernetes' names end at 253, subjects at 255 by OIDC.
const GLOB_BYTES: usize = 512;

impl Manifest {
    /// Reads and checks.
    pub(crate) fn parse(text: &[u8]) -> Result<Manifest, YamlError> {
        let manifest: Manifest = yaml(FILE, text)?;
        check_header(FILE, &manifest.api_version, &manifest.kind, "Bundle")?;
        if manifest.plugins.len() > PLUGINS {
            return Err(at(FILE, &manifest.kind, format!("a bundle has at most {PLUGINS} plugins, this one has {}", manifest.plugins.len())));
        }
        let mut seen = HashSet::new();
        for plugin in &manifest.plugins {
            let name = &plugin.name.value;
            let plain = !name.is_empty() && name.len() <= 63 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !plain {
                return Err(at(FILE, &plugin.name, format!("the name `{name}` must be 1 to 63 lower-case letters, digits and hyphens")));
            }
            if !seen.insert(name) {
                return Err(at(FILE, &plugin.name, format!("two plugins have the name `{name}`; give each its own")));
            }
            if let Some(mode) = &plugin.mode
                && mode.value == Mode::Monitor
                && plugin.world != World::Guard
            {
                return Err(at(FILE, mode, format!("only a guard can run in the mode monitor, and `{name}` is of the world {}", plugin.world)));
            }
            plugin.cases.iter().try_for_each(check_path)?;
            match is_reference(&plugin.component.value) {
                true => check_reference(&plugin.component)?,
                false => check_path(&plugin.component)?,
            }
            plugin.check_match()?;
            plugin.check_canary()?;
        }
        manifest.check_replacements()?;
        manifest.check_references(text)?;
        manifest.cases.iter().try_for_each(check_path)?;
        Ok(manifest)
    }

    /// A plugin is replaced by one canary of its world at most, and that one is not replaced itself: who is asked is then plain for everybody.
    fn check_replacements(&self) -> Result<(), YamlError> {
        let mut replaced = HashSet::new();
        for plugin in &self.plugins {
            let Some(replaces) = &plugin.replaces else { continue };
            let (name, old) = (&plugin.name.value, &replaces.value);
            let wrong = |message: String| Err(at(FILE, replaces, message));
            let Some(entry) = self.plugins.iter().find(|p| p.name.value == *old) else {
                return wrong(format!("`{name}` replaces `{old}`, and no plugin has that name; write the name of a plugin of this bundle"));
            };
            if plugin.canary.is_none() {
                return wrong(format!("`{name}` replaces `{old}` for nobody; give it a `canary`, or take `{old}` out of the bundle"));
            }
            let world = plugin.world;
            if entry.world != world {
                return wrong(format!("`{name}` is of the world {world} and `{old}` of the world {}; name a plugin of the same world", entry.world));
            }
            if entry.canary.is_some() || entry.mode() == Mode::Monitor {
                return wrong(format!("only what counts for everybody can be replaced, and `{old}` does not; name another"));
            }
            if !replaced.insert(old) {
                return wrong(format!("two plugins replace `{old}`; let one of them do it"));
            }
        }
        Ok(())
    }
}

impl PluginEntry {
    fn check_canary(&self) -> Result<(), YamlError> {
        let Some(canary) = &self.canary else { return Ok(()) };
        let wrong = |message: String| Err(at(FILE, canary, message));
        let why = match self.world {
            World::Guard | World::ApprovalRouter | World::SessionPolicy => None,
            World::Masker => Some("its plan is kept for all who ask the same, so nobody is shown more than others; try it with `plugin run` and `policy diff`"),
            World::AuditSink => Some("the log is delivered to it whole; give it another address to try it"),
            World::Notifier => Some("a notice is for whoever approves, not for whoever asks; give it another address to try it"),
        };
        if let Some(why) = why {
            return wrong(format!("`{}` is of the world {}, which has no canary: {why}", self.name.value, self.world));
        }
        if self.mode() == Mode::Monitor {
            return wrong(format!("`{}` counts for nobody while its mode is monitor; leave out `mode` or `canary`", self.name.value));
        }
        if canary.value.share.is_none() && canary.value.identities.is_none() {
            return wrong("a canary is a `share`, such as 10%, or a list of `identities`, or both; give one".to_owned());
        }
        canary.value.identities.iter().try_for_each(|list| check_list("identities", list))
    }

    /// Refuses a key that this world could never look at (a plan that is kept for all namespaces cannot depend on one), and a glob that could
    /// never hold: a guard that is spared every call by a slip of the pen is a hole.
    fn check_match(&self) -> Result<(), YamlError> {
        let Some(spanned) = &self.matches else { return Ok(()) };
        let m = &spanned.value;
        let lists = [
            ("verbs", &m.verbs),
            ("groups", &m.groups),
            ("resources", &m.resources),
            ("subresources", &m.subresources),
            ("namespaces", &m.namespaces),
            ("connections", &m.connections),
            ("identities", &m.identities),
            ("issuers", &m.issuers),
            ("members", &m.members),
        ];
        let given = lists.iter().filter(|(_, list)| list.is_some()).map(|(key, _)| *key).chain(m.kinds.as_ref().map(|_| "kinds"));
        let allowed: Option<&[&str]> = match self.world {
            World::Guard | World::ApprovalRouter => None,
            World::Masker => Some(&["verbs", "groups", "resources", "subresources", "connections"]),
            World::SessionPolicy => Some(&["connections", "identities", "issuers", "kinds", "members"]),
            World::AuditSink | World::Notifier => Some(&[]),
        };
        for key in given {
            if allowed.is_some_and(|allowed| !allowed.contains(&key)) {
                return Err(at(FILE, spanned, format!("`{key}` cannot be matched for the world {}; leave it out", self.world)));
            }
        }
        if m.kinds.as_ref().is_some_and(Vec::is_empty) {
            return Err(at(FILE, spanned, "`kinds` is empty, so it holds for nothing; name a kind or leave it out"));
        }
        for (key, list) in lists {
            let Some(list) = list else { continue };
            if list.is_empty() {
                return Err(at(FILE, spanned, format!("`{key}` is empty, so it holds for nothing; name something or leave it out")));
            }
            check_list(key, list)?;
        }
        Ok(())
    }
}

fn check_list(key: &str, list: &List) -> Result<(), YamlError> {
    for (i, glob) in list.iter().enumerate() {
        let text = &glob.value;
        let wrong = |message: String| Err(at(FILE, glob, message));
        if i >= GLOBS {
            return wrong(format!("`{key}` has {} entries and may have {GLOBS}; use globs, or several plugins", list.len()));
        }
        if text.len() > GLOB_BYTES {
            return wrong(format!("this glob of `{key}` has {} bytes and may have {GLOB_BYTES}; shorten it", text.len()));
        }
        // A subject and its groups are whatever an issuer says, and an issuer is a URL; all else has Kubernetes' form.
        if matches!(key, "identities" | "issuers" | "members") {
            continue;
        }
        if key == "resources" && text.contains('/') {
            return wrong(format!("`{text}` holds for no resource: a subresource stands by itself; write it under `subresources`"));
        }
        if let Some(odd) = text.chars().find(|c| c.is_ascii_uppercase() || c.is_whitespace() || matches!(c, '[' | ']' | '{' | '}' | '^' | '$' | '\\' | ',')) {
            return wrong(format!(
                "`{text}` holds for nothing in `{key}`, because {odd:?} is in none of their names; write names in lower case, an entry for each, with `*` for any characters and `?` for one"
            ));
        }
    }
    Ok(())
}

/// What it stands for is found out when the component is got; here only that it is one word.
fn check_reference(reference: &Spanned<String>) -> Result<(), YamlError> {
    let text = &reference.value;
    let plain = text.len() <= REFERENCE_BYTES && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    if plain { Ok(()) } else { Err(at(FILE, reference, format!("`{}` is no reference; write it as oci://registry.example/team/policy@sha256:…", text.escape_debug()))) }
}

/// Relative, and inside the bundle by its words alone: a ConfigMap's files are symbolic links, so links are followed.
fn check_path(path: &Spanned<String>) -> Result<(), YamlError> {
    let text = &path.value;
    let inside = !text.is_empty() && Path::new(text).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if inside { Ok(()) } else { Err(at(FILE, path, format!("the path `{text}` must be relative and stay inside the bundle"))) }
}
