//! What the agent costs the machine it watches. `cargo bench --bench agent [SECONDS]` (120 unless told)
//!
//! Hub and agent are processes of the real program, linked over mTLS on the loopback. Everything is on: vitals and all
//! built-in checks, sampling every 10 s, and two Nagios plugins each minute where Debian's are installed. Memory and
//! processor time are those of the agent's own process in /proc; plugins are children and counted apart.

mod tools;

use std::path::Path;
use std::time::Duration;

use tools::{Outcome, Program, folder, machine, mib, processor, resident, verdict};

const PLUGINS: &str = "/usr/lib/nagios/plugins";

fn main() -> Outcome {
    let seconds = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(120_u32);
    println!("{}", machine());
    let home = folder()?;
    let plugins = Path::new(PLUGINS).join("check_procs").is_file();
    if plugins {
        let config = home.path().join("hub/config");
        std::fs::create_dir_all(&config)?;
        let check = |name: &str, args: &str| {
            format!(
                "[check.{name}]\nkind = \"plugin\"\nprogram = \"check_{name}\"\nargs = {args}\ninterval = \"60s\"\n"
            )
        };
        let text = check("procs", r#"["-w", "5000"]"#) + &check("swap", r#"["-w", "1%", "-c", "0%", "-n", "ok"]"#);
        std::fs::write(config.join("checks.toml"), text)?;
    }
    let program = Program::at(home.path());
    let arguments = ["hub", "--listen", "127.0.0.1:0", "--enrol-listen", "127.0.0.1:0"];
    let hub = program.start(&arguments)?;
    let token = program.run(&["token", "create", "--role", "agent", "--hands", "any"])?;
    program.run(&["enrol", &token])?;
    if plugins {
        let settings = home.path().join("agent/agent.toml");
        let text = std::fs::read_to_string(&settings)?;
        if !text.lines().any(|line| line.trim_start().starts_with("plugin_dirs")) {
            std::fs::write(&settings, format!("plugin_dirs = [{PLUGINS:?}]\n{text}"))?;
        }
    }
    let agent = program.start(&["agent"])?;
    // Its start is not its running: certificates, the first results, the first facts.
    std::thread::sleep(Duration::from_secs(15));
    let before = processor(agent.pid())?;
    let mut most = 0;
    for _ in 0..seconds {
        std::thread::sleep(Duration::from_secs(1));
        most = most.max(resident(agent.pid())?.0);
    }
    let spent = processor(agent.pid())?.saturating_sub(before);
    let share = spent.as_secs_f64() / f64::from(seconds) * 100.0;
    let (_, peak) = resident(agent.pid())?;
    let checks = program.run(&["checks", "--json"])?;
    let host_checks = checks.matches("\"check\"").count();
    println!("{host_checks} checks, plugins {}; {seconds} s after 15 s", if plugins { "on" } else { "not installed" });
    println!(
        "agent: {} MiB resident at most ({} MiB with its start): <= 12 MiB {}",
        mib(most),
        mib(peak),
        verdict(peak <= 12 << 20)
    );
    println!(
        "agent: {share:.3} % of a core ({} ms in {seconds} s): <= 0.1 % {}",
        spent.as_millis(),
        verdict(share <= 0.1)
    );
    agent.kill()?;
    hub.kill()
}
