//! What the host is: operating system, kernel, processor, hypervisor.

use crate::agent::collectors::files::Files;
use crate::agent::collectors::memory;
use crate::fleet::hosts::vitals::OsFacts;
use crate::fleet::words::SafeText;

/// What firmware calls a machine, and the hypervisor that means it.
const MACHINES: [(&str, &str); 12] = [
    ("qemu", "kvm"),
    ("kvm", "kvm"),
    ("amazon ec2", "amazon"),
    ("google compute engine", "google"),
    ("vmware", "vmware"),
    ("virtualbox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("microsoft corporation virtual machine", "hyper-v"),
    ("xen", "xen"),
    ("parallels", "parallels"),
    ("bhyve", "bhyve"),
    ("openstack", "openstack"),
];

/// Reads all facts; what can't be read is empty.
pub fn facts(files: &mut Files) -> OsFacts {
    let line = |text: Option<&str>| SafeText::new(text.unwrap_or_default().trim());
    let hostname = line(files.text("proc/sys/kernel/hostname"));
    let kernel = line(files.text("proc/sys/kernel/osrelease"));
    let (os_name, os_version) = os_release(files);
    let (cpu_model, cores, hypervisor) = processor(files);
    let (memory, _) = memory::sample(files);
    OsFacts {
        hostname,
        os_name,
        os_version,
        kernel,
        arch: SafeText::new(std::env::consts::ARCH),
        cpu_model,
        cores,
        memory: memory.total,
        virtualization: virtualization(files, hypervisor).map(SafeText::new),
        agent_version: SafeText::new(env!("CARGO_PKG_VERSION")),
    }
}

/// Logical cores; 0 where the kernel says nothing.
pub fn cores(files: &mut Files) -> u32 {
    processor(files).1
}

fn os_release(files: &mut Files) -> (SafeText, SafeText) {
    let file = ["etc/os-release", "usr/lib/os-release"].into_iter().find(|file| files.read(file).is_ok());
    let text = file.and_then(|file| files.text(file)).unwrap_or_default();
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        SafeText::new(line.unwrap_or_default().trim().trim_matches(['"', '\'']))
    };
    let version = value("VERSION");
    (value("NAME"), if version.as_str().is_empty() { value("VERSION_ID") } else { version })
}

/// The processor's model, how many logical cores there are, and whether it says that a hypervisor runs it.
fn processor(files: &mut Files) -> (SafeText, u32, bool) {
    let (mut model, mut cores, mut hypervisor) = (SafeText::default(), 0_u32, false);
    for line in files.text("proc/cpuinfo").unwrap_or_default().lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        match key.trim() {
            "processor" if value.trim().parse::<u32>().is_ok() => cores += 1,
            "model name" | "Model" | "cpu model" | "Processor" if model.as_str().is_empty() => {
                model = SafeText::new(value.trim());
            }
            "flags" if cores == 1 => hypervisor = value.split_ascii_whitespace().any(|flag| flag == "hypervisor"),
            _ => {}
        }
    }
    if model.as_str().is_empty() {
        let board = files.text("proc/device-tree/model").unwrap_or_default();
        model = SafeText::new(board.trim_end_matches('\0').trim());
    }
    (model, cores, hypervisor)
}

fn virtualization(files: &mut Files, hypervisor: bool) -> Option<&'static str> {
    let root = files.root();
    if root.join(".dockerenv").exists() {
        return Some("docker");
    }
    if root.join("run/.containerenv").exists() {
        return Some("podman");
    }
    match files.text("run/systemd/container").map(str::trim) {
        Some("lxc") => return Some("lxc"),
        Some("systemd-nspawn") => return Some("nspawn"),
        Some(_) => return Some("container"),
        None => {}
    }
    let mut machine = String::new();
    for file in ["sys_vendor", "product_name"] {
        machine.push_str(files.text(&format!("sys/class/dmi/id/{file}")).unwrap_or_default().trim());
        machine.push(' ');
    }
    let machine = machine.to_lowercase();
    let known = MACHINES.iter().find(|(said, _)| machine.contains(said)).map(|(_, means)| *means);
    known.or(hypervisor.then_some("vm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_from_their_files() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("proc/sys/kernel/hostname", "web-01\n"),
            ("proc/sys/kernel/osrelease", "6.1.0-13-amd64\n"),
            (
                "proc/cpuinfo",
                "processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\nmodel name\t: A CPU\n",
            ),
            ("proc/meminfo", "MemTotal: 4 kB\n"),
            (
                "etc/os-release",
                "PRETTY_NAME=\"x\"\nNAME=\"Debian GNU/Linux\"\nVERSION=\"12 (bookworm)\"\nVERSION_ID=\"12\"\n",
            ),
            ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n"),
            ("sys/class/dmi/id/product_name", "Virtual Machine\n"),
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let facts = facts(&mut Files::new(folder.path()));
        assert_eq!(facts.hostname.as_str(), "web-01");
        assert_eq!((facts.os_name.as_str(), facts.os_version.as_str()), ("Debian GNU/Linux", "12 (bookworm)"));
        assert_eq!((facts.kernel.as_str(), facts.cpu_model.as_str()), ("6.1.0-13-amd64", "A CPU"));
        assert_eq!((facts.cores, facts.memory), (2, 4096));
        assert_eq!(facts.virtualization.as_ref().map(SafeText::as_str), Some("hyper-v"));
    }

    #[test]
    fn a_host_that_says_nothing_has_empty_facts() {
        let folder = tempfile::tempdir().unwrap();
        let facts = facts(&mut Files::new(folder.path()));
        assert_eq!((facts.hostname.as_str(), facts.cores, facts.virtualization), ("", 0, None));
        std::fs::write(folder.path().join(".dockerenv"), "").unwrap();
        assert_eq!(virtualization(&mut Files::new(folder.path()), true), Some("docker"));
    }
}
