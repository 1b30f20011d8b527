//! Files for the environments of agents: uploaded first, put in their place then.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::glob;
use crate::client::{Client, RequestOptions};
use crate::error::Error;
use crate::request::FileInput;
use crate::resources::BetaAgentsEnvironmentsFiles;
use crate::types::{
    AgentEnvironmentFileCreateParams, AgentEnvironmentFileCreateType, EnvironmentFile, FileCreateParams, FileObject,
    FilePurpose, HostedEnvironmentFileParam, HostedEnvironmentFileParamFileID,
};
use crate::unfinished::Unfinished;

/// Where files of an environment live.
const WORKSPACE: &str = "/workspace/";

/// Files that are uploaded, as `environment.files` of a session takes them. They stay at the provider until they are deleted.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct PreparedAgentFiles {
    /// The files with their places.
    pub files: Vec<HostedEnvironmentFileParam>,
    /// Ids of the uploads, to delete them some day.
    pub uploaded_file_ids: Vec<String>,
    /// The uploads themselves, in the same order.
    pub uploaded_files: Vec<FileObject>,
}

/// A file in an environment, and the upload it was made from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StagedAgentFile {
    /// Id of the upload, which stays until it is deleted.
    pub uploaded_file_id: String,
    /// The file in its place.
    pub file: EnvironmentFile,
}

impl BetaAgentsEnvironmentsFiles {
    /// Uploads local files, each named with its place below `/workspace`, for an environment that is to be made.
    ///
    /// All places and files are checked before anything is sent. Symbolic links are refused.
    ///
    /// `POST /files`, once a file
    ///
    /// # Errors
    /// Kind `usage` for places and files that do not fit; any [`Error`] of an upload, with the ids of those before it as
    /// [`Error::unfinished`].
    pub async fn prepare<D, P>(
        &self,
        files: impl IntoIterator<Item = (D, P)>,
        options: RequestOptions,
    ) -> Result<PreparedAgentFiles, Error>
    where
        D: Into<String>,
        P: Into<PathBuf>,
    {
        let files: Vec<(String, PathBuf)> =
            files.into_iter().map(|(place, path)| (place.into(), path.into())).collect();
        let mut chosen = BTreeMap::new();
        for (place, path) in &files {
            check_place(place)?;
            if chosen.insert(place.clone(), length(path).await?).is_some() {
                return Err(Error::usage(format!("two files have the place {place}")));
            }
        }
        let above = |place: &str| place.match_indices('/').any(|(at, _)| chosen.contains_key(&place[..at]));
        if let Some(place) = chosen.keys().find(|place| above(place)) {
            return Err(Error::usage(format!("the place {place} is inside of another file")));
        }
        if files.len() > 1 && options.idempotency_key.is_some() {
            return Err(Error::usage("one idempotency key cannot serve several uploads"));
        }
        let mut prepared = PreparedAgentFiles::default();
        for (place, path) in &files {
            let unchanged = length(path).await.and_then(|now| match chosen.get(place) {
                Some(before) if *before == now => Ok(()),
                _ => Err(Error::usage(format!("{} changed while files were uploaded", path.display()))),
            });
            let uploaded = match unchanged {
                Ok(()) => upload(&self.client, FileInput::from_path(path), &options).await,
                Err(error) => Err(error),
            };
            match uploaded {
                Ok(file) => {
                    prepared.files.push(HostedEnvironmentFileParamFileID::new(file.id.clone(), place.clone()).into());
                    prepared.uploaded_file_ids.push(file.id.clone());
                    prepared.uploaded_files.push(file);
                }
                Err(error) => {
                    let mut ids: Vec<_> = prepared.uploaded_file_ids.into_iter().map(Some).collect();
                    ids.resize(files.len(), None);
                    return Err(error.with_unfinished(Unfinished::new("files").uploaded(ids)));
                }
            }
        }
        Ok(prepared)
    }

    /// Uploads the files of a folder that fit one of these patterns: `*` and `?` inside of a name, `**` for any folders.
    /// They keep their places relative to the folder, below `destination`.
    ///
    /// `POST /files`, once a file
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare); kind `usage` if a pattern leaves the folder or nothing fits.
    pub async fn prepare_directory(
        &self,
        root: impl AsRef<Path>,
        destination: &str,
        include: &[&str],
        options: RequestOptions,
    ) -> Result<PreparedAgentFiles, Error> {
        check_place(&format!("{destination}/a"))?;
        for pattern in include {
            let leaves = pattern.starts_with('/') || pattern.split('/').any(|part| part == "..");
            if pattern.is_empty() || leaves {
                return Err(Error::usage(format!("the pattern `{pattern}` must stay inside of the folder")));
            }
        }
        let (root, include) = (root.as_ref().to_owned(), include.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
        let found = tokio::task::spawn_blocking(move || chosen_below(&root, &include)).await;
        let found = found.map_err(|error| Error::usage("the folder could not be read").with_source(error))??;
        if found.is_empty() {
            return Err(Error::usage("the patterns fit no file"));
        }
        let places = found.into_iter().map(|(name, path)| (format!("{destination}/{name}"), path));
        self.prepare(places, options).await
    }

    /// Uploads a file and puts it at this place, below `/workspace`, of an environment that exists.
    ///
    /// `POST /files`, `POST /agents/environments/{environment_id}/files`
    ///
    /// # Errors
    /// Kind `usage` for a place that does not fit; any [`Error`] of the two calls. If the second fails, the id of the upload
    /// is [`Error::unfinished`].
    pub async fn upload(
        &self,
        environment_id: &str,
        file: impl Into<FileInput>,
        path: &str,
        options: RequestOptions,
    ) -> Result<StagedAgentFile, Error> {
        check_place(path)?;
        let id = upload(&self.client, file.into(), &options).await?.id;
        let mut params = AgentEnvironmentFileCreateParams::new(path, AgentEnvironmentFileCreateType::FileId);
        params.file_id = Some(id.clone());
        match self.create(environment_id, params).options(options).await {
            Ok(file) => Ok(StagedAgentFile { uploaded_file_id: id, file: file.into_inner() }),
            Err(error) => Err(error.with_unfinished(Unfinished::new("files").id(id))),
        }
    }
}

async fn upload(client: &Client, file: FileInput, options: &RequestOptions) -> Result<FileObject, Error> {
    let params = FileCreateParams::new(file, FilePurpose::UserData);
    Ok(client.files().create(params).options(options.clone()).await?.into_inner())
}

/// Length of a regular file.
async fn length(path: &Path) -> Result<u64, Error> {
    let metadata = tokio::fs::symlink_metadata(path).await;
    let metadata = metadata.map_err(|error| Error::usage(format!("{}: {error}", path.display())))?;
    match metadata.is_file() {
        true => Ok(metadata.len()),
        false => Err(Error::usage(format!("{} is no regular file", path.display()))),
    }
}

fn check_place(place: &str) -> Result<(), Error> {
    let refused = |why: &str| Err(Error::usage(format!("the place {place:?} {why}")));
    let Some(below) = place.strip_prefix(WORKSPACE) else {
        return refused("must be an absolute path of a file below /workspace");
    };
    if place.contains(['\0', '\\']) || below.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return refused("has a part that a path of a file cannot have");
    }
    let first = below.split('/').next().unwrap_or_default();
    if matches!(first, ".codex" | ".managed-agents") || first.starts_with(".managed-agents-") || below == "outputs" {
        return refused("belongs to the environment itself");
    }
    Ok(())
}

/// Files below a folder that fit a pattern, with their names relative to it, in order.
fn chosen_below(root: &Path, include: &[String]) -> Result<Vec<(String, PathBuf)>, Error> {
    let failed = |path: &Path, error: std::io::Error| Error::usage(format!("{}: {error}", path.display()));
    let kind = std::fs::symlink_metadata(root).map_err(|error| failed(root, error))?;
    if !kind.is_dir() {
        return Err(Error::usage(format!("{} is no folder", root.display())));
    }
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), root.to_owned())];
    while let Some((name, folder)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| failed(&folder, error))? {
            let entry = entry.map_err(|error| failed(&folder, error))?;
            let file_name = entry.file_name().into_string().ok();
            let kind = entry.file_type().map_err(|error| failed(&entry.path(), error))?;
            let name = file_name.map(|last| if name.is_empty() { last } else { format!("{name}/{last}") });
            let Some(name) = name else {
                return Err(Error::usage(format!("{} has a name that is no text", entry.path().display())));
            };
            let parts: Vec<&str> = name.split('/').collect();
            if kind.is_dir() {
                folders.push((name, entry.path()));
            } else if include.iter().any(|pattern| glob::fits(pattern, &parts)) {
                if kind.is_symlink() {
                    return Err(Error::usage(format!("{} is a symbolic link", entry.path().display())));
                }
                found.push((name, entry.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_files_below_the_workspace() {
        for good in ["/workspace/a", "/workspace/a b/ü.csv", "/workspace/outputs/a", "/workspace/.codexx"] {
            assert!(check_place(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "/workspace",
            "/workspace/",
            "workspace/a",
            "/etc/a",
            "/workspace/../a",
            "/workspace/a//b",
            "/workspace/./a",
            "/workspace/a\\b",
            "/workspace/a\0",
            "/workspace/.codex/a",
            "/workspace/.managed-agents-1",
            "/workspace/outputs",
        ];
        for place in bad {
            assert!(check_place(place).is_err(), "{place:?}");
        }
    }

    #[test]
    fn files_of_a_folder_are_chosen_by_pattern() {
        let root = std::env::temp_dir().join(format!("threadline-agents-{}", std::process::id()));
        std::fs::create_dir_all(root.join("data/deep")).unwrap();
        for name in ["a.csv", "b.txt", "data/c.csv", "data/deep/d.csv"] {
            std::fs::write(root.join(name), name).unwrap();
        }
        let names = |include: &[&str]| {
            let include: Vec<String> = include.iter().map(|pattern| (*pattern).to_owned()).collect();
            chosen_below(&root, &include).unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["*.csv"]), ["a.csv"]);
        assert_eq!(names(&["b.*", "data/**"]), ["b.txt", "data/c.csv", "data/deep/d.csv"]);
        assert_eq!(names(&["**/*.csv"]), ["a.csv", "data/c.csv", "data/deep/d.csv"]);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.join("b.txt"), root.join("link.csv")).unwrap();
            assert!(chosen_below(&root, &["*.csv".to_owned()]).is_err());
        }
        std::fs::remove_dir_all(&root).unwrap();
    }
}
