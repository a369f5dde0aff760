//! What the `bundle.yaml` of a policy's folder says about where its component goes.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{BUNDLE, BuildError};
use crate::World;

/// As much of it as is needed here; the engine checks the whole.
#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    plugins: Vec<Plugin>,
}

#[derive(Deserialize)]
struct Plugin {
    component: PathBuf,
    world: Option<String>,
}

/// The file of the folder's component: the one that `bundle.yaml` names, or the folder's own name when there is no bundle.
pub(super) fn component(dir: &Path) -> Result<PathBuf, BuildError> {
    let of_folder = || dir.join(dir.file_name().unwrap_or("policy".as_ref())).with_extension("wasm");
    let file = dir.join(BUNDLE);
    let Ok(text) = fs::read_to_string(&file) else { return Ok(of_folder()) };
    let bundle: Bundle = yaml(&file, &text)?;
    let mut components: Vec<&PathBuf> = bundle.plugins.iter().map(|plugin| &plugin.component).collect();
    components.dedup();
    match components[..] {
        [] => Ok(of_folder()),
        [one] if one.is_relative() && !one.components().any(|part| part == std::path::Component::ParentDir) => Ok(dir.join(one)),
        [one] => Err(BuildError::file(&file, format!("the component {} is outside the folder; name a file in it", one.display()))),
        // Several plugins: the one that is made here has the folder's name.
        _ => components
            .iter()
            .find(|one| one.file_stem() == dir.file_name())
            .map(|one| dir.join(one))
            .ok_or_else(|| BuildError::file(&file, "it names several components, none by the folder's name; say with --out which one is built here")),
    }
}

/// The world of the component with this name, by the plugin that it is of.
pub(super) fn world(dir: &Path, name: &str) -> Result<World, BuildError> {
    let file = dir.join(BUNDLE);
    let text = fs::read_to_string(&file).map_err(|e| BuildError::file(&file, format!("{e}; it says which world the policy is of")))?;
    let Bundle { plugins } = yaml(&file, &text)?;
    let of_name = plugins.iter().find(|plugin| plugin.component.file_stem().is_some_and(|stem| stem == name));
    let plugin = of_name.or(plugins.first()).ok_or_else(|| BuildError::file(&file, "it has no plugin; give it one, with its `world`"))?;
    let world = plugin.world.as_deref().ok_or_else(|| BuildError::file(&file, "its plugin has no `world`; say which one it is of"))?;
    world.parse().map_err(|e| BuildError::file(&file, e))
}

/// Reads a file of YAML that is here; the error has line and column once, as compilers write them.
pub(crate) fn yaml<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T, BuildError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let message = error.without_snippet().to_string();
        let message = message.lines().next().unwrap_or_default();
        let Some(at) = error.location() else { return BuildError::file(file, message) };
        let (line, column) = (at.line(), at.column());
        let message = message.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(message);
        BuildError::file(format!("{}:{line}:{column}", file.display()), message)
    })
}

#[cfg(test)]
mod tests;
