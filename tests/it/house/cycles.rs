//! No circles: between files, nor between the folders and files that stand beside each other.
//!
//! Code compiled for tests only is left out: a test may build what it tests with from above. So is the bare name of a
//! module: what is reached through it counts where it is reached.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Violation;
use super::imports::Import;
use super::tree::{Target, Tree};

/// From, to, and the import that says so.
type Edges<'a> = BTreeMap<String, BTreeMap<String, &'a Import>>;

pub(super) fn found(tree: &Tree, imports: &[Import]) -> Vec<Violation> {
    let mut edges: Vec<(&str, &str, &Import)> = Vec::new();
    for import in imports.iter().filter(|import| !import.test) {
        if let Target::File(to) = import.target
            && to != import.from
        {
            edges.push((&tree.files[import.from].path, &tree.files[to].path, import));
        }
    }
    let mut violations = Vec::new();
    let files = graph(edges.iter().map(|&(from, to, import)| (from.to_owned(), to.to_owned(), import)));
    report(tree, &files, "circle of files", |_| true, &mut violations);

    let folders: BTreeSet<&str> =
        tree.files.iter().flat_map(|file| file.path.match_indices('/').map(|(at, _)| &file.path[..=at])).collect();
    for folder in folders.iter().copied().chain([""]) {
        let beside = |path: &str| -> Option<String> {
            let rest = path.strip_prefix(folder)?;
            Some(match rest.find('/') {
                Some(at) => format!("{folder}{}", &rest[..=at]),
                None => path.to_owned(),
            })
        };
        let level = graph(edges.iter().filter_map(|&(from, to, import)| Some((beside(from)?, beside(to)?, import))));
        // Circles of files alone are reported above.
        let with_folder = |circle: &[String]| circle.iter().any(|part| part.ends_with('/'));
        report(tree, &level, "circle of folders", with_folder, &mut violations);
    }
    violations
}

fn graph<'a>(edges: impl Iterator<Item = (String, String, &'a Import)>) -> Edges<'a> {
    let mut graph = Edges::new();
    for (from, to, import) in edges {
        if from != to {
            graph.entry(from).or_default().entry(to).or_insert(import);
        }
    }
    graph
}

/// One violation for each edge of a shortest circle, until every node in any circle has been named.
fn report(
    tree: &Tree,
    graph: &Edges<'_>,
    what: &str,
    counts: impl Fn(&[String]) -> bool,
    violations: &mut Vec<Violation>,
) {
    let mut named: BTreeSet<&String> = BTreeSet::new();
    for start in graph.keys() {
        if named.contains(start) {
            continue;
        }
        let Some(circle) = shortest(graph, start).filter(|circle| counts(circle)) else { continue };
        let shown = circle.join(" → ");
        for pair in circle.windows(2) {
            let import = graph[&pair[0]][&pair[1]];
            violations.push(Violation {
                path: tree.files[import.from].path.clone(),
                line: import.line,
                rule: format!("{what}: {shown} (`{}`)", import.path.join("::")),
            });
            named.extend(graph.get_key_value(&pair[0]).map(|(name, _)| name));
        }
    }
}

/// The shortest way from `start` back to it, both ends named.
fn shortest(graph: &Edges<'_>, start: &String) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<&String, &String> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in graph.get(node).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut way = vec![start.clone()];
                let mut at = node;
                while at != start {
                    way.push(at.clone());
                    at = came_from[at];
                }
                way.push(start.clone());
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, node);
                queue.push_back(next);
            }
        }
    }
    None
}
