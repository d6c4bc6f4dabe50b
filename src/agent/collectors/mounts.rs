//! Which file systems are local and can run full, from `/proc/self/mountinfo`.

use std::path::{Path, PathBuf};

use crate::fleet::words::SafeText;

/// One mounted file system worth watching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Its mount point made safe, as shown and as checks name it.
    pub name: SafeText,
    /// Its mount point below the root that was asked for.
    pub path: PathBuf,
    /// Its type.
    pub fs_type: SafeText,
    device: String,
}

/// Types without space of their own, images that are full by nature, and types whose server can die and hang the asker.
const LEFT_OUT: &str = "\
    9p afs autofs beegfs binder binfmt_misc bpf ceph cgroup cgroup2 cifs coda configfs cramfs debugfs devfs \
    devpts devtmpfs efivarfs erofs fuse fusectl gfs2 glusterfs gpfs hugetlbfs iso9660 lustre mqueue ncpfs nfs \
    nfs4 nfsd nsfs ocfs2 overlay proc pstore ramfs rpc_pipefs securityfs selinuxfs smb3 smbfs squashfs sysfs \
    tracefs udf virtiofs";

/// Below these, mounts belong to the kernel, to sessions or to a container engine.
const NOT_OURS: &str = "\
    /dev /proc /run/credentials /run/docker /run/lock /run/netns /run/user /sys /var/lib/containers \
    /var/lib/docker /var/lib/kubelet";

/// The local file systems in `table`, at most `most`, by mount point. Of several mounts of one device (bind mounts) the
/// one with the shortest mount point stands; of several over one mount point the last, which is the one seen.
#[must_use]
pub fn local(table: &str, root: &Path, most: usize) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = Vec::new();
    for mount in table.lines().filter_map(|line| parse(line, root)) {
        if let Some(over) = mounts.iter_mut().find(|other| other.path == mount.path) {
            *over = mount;
        } else if let Some(same) = mounts.iter_mut().find(|other| other.is_same_device(&mount)) {
            if mount.path.as_os_str().len() < same.path.as_os_str().len() {
                *same = mount;
            }
        } else {
            mounts.push(mount);
        }
    }
    mounts.sort_by(|one, other| one.path.cmp(&other.path));
    mounts.truncate(most);
    mounts
}

impl Mount {
    /// Subvolumes of btrfs share a device number and are told apart by their mount points, as `df` does.
    fn is_same_device(&self, other: &Self) -> bool {
        self.device == other.device && self.fs_type.as_str() != "btrfs"
    }

    #[cfg(test)]
    pub(crate) fn for_test(path: &Path) -> Self {
        let name = SafeText::new(&path.to_string_lossy());
        Self { name, path: path.to_owned(), fs_type: SafeText::new("ext4"), device: "8:1".into() }
    }
}

/// One line: `ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAG…] - TYPE SOURCE SUPER-OPTIONS`.
fn parse(line: &str, root: &Path) -> Option<Mount> {
    let (place, what) = line.split_once(" - ")?;
    let fs_type = what.split(' ').next()?;
    let mut fields = place.split(' ');
    let device = fields.nth(2)?;
    let point = unescape(fields.nth(1)?);
    // the root of a container is an overlay; elsewhere overlays are the layers of containers
    let left_out = LEFT_OUT.split(' ').any(|left_out| left_out == fs_type) && !(fs_type == "overlay" && point == "/");
    let not_ours = NOT_OURS
        .split(' ')
        .any(|prefix| point.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    if left_out || not_ours || (fs_type.starts_with("fuse.") && fs_type != "fuse.zfs") {
        return None;
    }
    let path = if root == Path::new("/") { PathBuf::from(&point) } else { root.join(point.trim_start_matches('/')) };
    Some(Mount { name: SafeText::new(&point), path, fs_type: SafeText::new(fs_type), device: device.to_owned() })
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut rest = field;
    while let Some(at) = rest.find('\\') {
        let (before, escaped) = rest.split_at(at);
        text.push_str(before);
        let digits = escaped.get(1..4).filter(|digits| digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit)));
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if byte.is_ascii() => {
                text.push(char::from(byte));
                rest = escaped.get(4..).unwrap_or_default();
            }
            _ => {
                text.push('\\');
                rest = escaped.get(1..).unwrap_or_default();
            }
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(table: &str) -> Vec<String> {
        local(table, Path::new("/"), 64).into_iter().map(|mount| mount.name.as_str().to_owned()).collect()
    }

    #[test]
    fn local_disks_stay_and_pseudo_network_and_image_mounts_go() {
        let table = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:4 / /proc rw - proc proc rw
24 22 0:22 / /run rw - tmpfs tmpfs rw
25 24 0:40 / /run/user/1000 rw - tmpfs tmpfs rw
26 22 0:41 / /mnt/nas rw - nfs4 nas:/x rw
27 22 0:42 / /mnt/ssh rw - fuse.sshfs x:/ rw
28 22 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
29 22 8:2 / /srv/with\\040space rw master:1 propagate_from:2 - xfs /dev/sda2 rw
30 22 0:43 / /var/lib/docker/overlay2/abc/merged rw - overlay overlay rw
31 22 8:3 / /mnt/usb rw - fuseblk /dev/sda3 rw
32 22 8:4 / /devices rw - ext4 /dev/sda4 rw
nonsense
";
        assert_eq!(names(table), ["/", "/devices", "/mnt/usb", "/run", "/srv/with space"]);
    }

    #[test]
    fn bind_mounts_count_once_and_subvolumes_each() {
        let table = "\
1 0 8:1 /x /a/long/bind rw - ext4 /dev/sda1 rw
2 0 8:1 / /data rw - ext4 /dev/sda1 rw
3 0 0:30 /@ / rw - btrfs /dev/sdb rw
4 0 0:30 /@home /home rw - btrfs /dev/sdb rw
5 0 8:7 / /data rw - xfs /dev/sdc rw
";
        assert_eq!(names(table), ["/", "/data", "/home"]);
        let data = local(table, Path::new("/"), 64).into_iter().find(|mount| mount.name.as_str() == "/data");
        assert_eq!(data.map(|mount| mount.fs_type), Some(SafeText::new("xfs")), "the later mount covers the earlier");
    }

    #[test]
    fn a_container_sees_its_own_root_and_escapes_are_undone_once() {
        assert_eq!(names("1 0 0:9 / / rw - overlay overlay rw\n"), ["/"]);
        assert_eq!(unescape("a\\040b\\134040\\"), "a b\\040\\");
        let mounts = local("1 0 8:1 / /data rw - ext4 x rw\n", Path::new("/host"), 64);
        assert_eq!(mounts.first().map(|mount| mount.path.clone()), Some(PathBuf::from("/host/data")));
    }
}
