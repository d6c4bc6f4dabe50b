//! Where the socket of a hub lies: the one place that hub and command line agree on.

use std::path::{Path, PathBuf};

use crate::trust::fingerprint::sha256;

/// The longest path of a socket in bytes; the system's limit is 107.
const PATH_MAX: usize = 100;

/// `DIR/run/hub.sock`, DIR the hub's data directory: the socket itself or, where that path is too long for one, a
/// symbolic link to it.
#[must_use]
pub fn near_path(data: &Path) -> PathBuf {
    data.join("run").join("hub.sock")
}

/// Where a hub puts its socket: [`near_path`], or where that is too long, a file in a directory of this user in the
/// system's runtime directory, named by DIR's hash. The socket's directory is for its owner only.
#[must_use]
pub fn place_of_socket(data: &Path) -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|dir| dir.is_absolute() && dir.is_dir());
    place(&whole(data), runtime.as_deref(), nix::unistd::geteuid().as_raw())
}

/// Where the command line finds the socket. It asks the link that the hub left, for the two may see different
/// environments.
#[must_use]
pub fn find_socket(data: &Path) -> PathBuf {
    let near = near_path(&whole(data));
    near.read_link().unwrap_or(near)
}

fn whole(data: &Path) -> PathBuf {
    data.canonicalize().or_else(|_| std::path::absolute(data)).unwrap_or_else(|_| data.to_owned())
}

fn place(data: &Path, runtime: Option<&Path>, uid: u32) -> PathBuf {
    let near = near_path(data);
    if near.as_os_str().len() <= PATH_MAX {
        return near;
    }
    let hash = sha256(data.as_os_str().as_encoded_bytes());
    let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("{name}.sock");
    runtime
        .map(|runtime| runtime.join("watchfloor").join(&name))
        .filter(|path| path.as_os_str().len() <= PATH_MAX)
        .unwrap_or_else(|| PathBuf::from(format!("/tmp/watchfloor-{uid}")).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_directories_get_a_short_socket_of_their_own() {
        assert_eq!(place(Path::new("/var/lib/wf"), None, 5), Path::new("/var/lib/wf/run/hub.sock"));
        let long = |tail: &str| PathBuf::from(format!("/{}/{tail}", "d".repeat(120)));
        let (one, two) = (place(&long("one"), None, 5), place(&long("two"), None, 5));
        assert_ne!(one, two);
        assert!(one.starts_with("/tmp/watchfloor-5") && one.as_os_str().len() <= PATH_MAX);
        let runtime = place(&long("one"), Some(Path::new("/run/user/5")), 5);
        assert!(runtime.starts_with("/run/user/5/watchfloor"));
        let deep = long("runtime");
        assert!(place(&long("one"), Some(&deep), 5).starts_with("/tmp/watchfloor-5"));
    }
}
