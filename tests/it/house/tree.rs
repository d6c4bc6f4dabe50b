//! The modules of a tree of sources, and which file a path of the code leads to.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, UseTree};

use super::{Source, Violation};

/// A module's path from the crate's root.
pub(super) type ModulePath = Vec<String>;

/// Where a path of the code leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// To something that this file of the tree defines.
    File(usize),
    /// To a module as such, which this file holds: a name to write paths with.
    Module(usize),
    /// Out of the tree: a path that begins with another crate's name, aliases expanded.
    Outside(Vec<String>),
}

/// A file, parsed.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) module: ModulePath,
    pub(super) syntax: syn::File,
    /// Compiled for tests only.
    pub(super) test: bool,
}

#[derive(Debug, Default)]
struct Module {
    file: usize,
    items: BTreeSet<String>,
    aliases: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
}

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
    modules: BTreeMap<ModulePath, Module>,
}

/// The binary is a crate of its own and knows the library by its name.
const BINARY: &str = "{main}";
const LIBRARY: &str = "watchfloor";
/// The library's lower half is a crate of its own over the same folders; the house is one all the same.
const BASE: &str = "watchfloor_base";

impl Tree {
    /// Parses the sources. Files that do not parse, or that no `mod` line names, are violations.
    pub(super) fn build(sources: &[Source]) -> (Self, Vec<Violation>) {
        let mut violations = Vec::new();
        let mut tree = Self { files: Vec::new(), modules: BTreeMap::new() };
        let mut declared: BTreeMap<ModulePath, bool> = BTreeMap::new();
        declared.insert(Vec::new(), false);
        declared.insert(vec![BINARY.into()], false);
        for source in sources {
            match syn::parse_file(&source.text) {
                Ok(syntax) => {
                    let file = tree.files.len();
                    let module = module_of(&source.path);
                    tree.collect(file, &module, &syntax.items, false, &mut declared);
                    tree.files.push(File { path: source.path.clone(), module, syntax, test: false });
                }
                Err(error) => violations.push(Violation {
                    path: source.path.clone(),
                    line: error.span().start().line,
                    rule: format!("does not parse: {error}"),
                }),
            }
        }
        for file in &mut tree.files {
            // A file is a test's also if a folder above it is.
            file.test = (0..=file.module.len()).any(|depth| declared.get(&file.module[..depth]) == Some(&true));
            if !declared.contains_key(&file.module) {
                let rule = "no `mod` line names this file: nothing compiles it".to_owned();
                violations.push(Violation { path: file.path.clone(), line: 1, rule });
            }
        }
        (tree, violations)
    }

    fn collect(
        &mut self,
        file: usize,
        path: &ModulePath,
        items: &[Item],
        test: bool,
        declared: &mut BTreeMap<ModulePath, bool>,
    ) {
        let mut module = self.modules.remove(path).unwrap_or_else(|| Module { file, ..Module::default() });
        for item in items {
            if let Some(name) = name_of(item) {
                module.items.insert(name);
            }
            match item {
                Item::Use(item) => {
                    let start = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
                    flatten(&item.tree, &start, &mut |name, path| match name {
                        Some(name) => drop(module.aliases.insert(name, path)),
                        None => module.globs.push(path),
                    });
                }
                Item::Mod(item) => {
                    let mut inner = path.clone();
                    inner.push(item.ident.to_string());
                    let test = test || for_tests(&item.attrs);
                    match &item.content {
                        Some((_, items)) => self.collect(file, &inner, items, test, declared),
                        None => drop(declared.insert(inner, test)),
                    }
                }
                _ => {}
            }
        }
        self.modules.insert(path.clone(), module);
    }

    /// The file to which a path leads that is written in `module`.
    pub(super) fn resolve(&self, module: &[String], path: &[String]) -> Target {
        self.follow(module, path, &mut BTreeSet::new())
    }

    /// `seen` holds the names being looked up, so that `use tokio;` or two modules that re-export each other end.
    fn follow(&self, module: &[String], path: &[String], seen: &mut BTreeSet<(ModulePath, String)>) -> Target {
        let Some((first, rest)) = path.split_first() else {
            return self.modules.get(module).map_or_else(|| Target::Outside(Vec::new()), |m| Target::Module(m.file));
        };
        match first.as_str() {
            "" => Target::Outside(rest.to_vec()),
            "crate" => self.walk(&root_of(module), rest, seen),
            LIBRARY | BASE if !self.modules.get(module).is_some_and(|m| m.items.contains(first)) => {
                self.walk(&[], rest, seen)
            }
            "self" => self.walk(module, rest, seen),
            "super" => self.walk(parent(module), rest, seen),
            _ => self.name(module, first, rest, seen).unwrap_or_else(|| Target::Outside(path.to_vec())),
        }
    }

    /// A path's part that lies inside `module`.
    fn walk(&self, module: &[String], path: &[String], seen: &mut BTreeSet<(ModulePath, String)>) -> Target {
        match path.split_first() {
            Some((first, rest)) if first == "super" => self.walk(parent(module), rest, seen),
            Some((first, rest)) if first == "self" => self.walk(module, rest, seen),
            // What the module does not name in its text (a macro made it) it defines itself.
            Some((first, rest)) => {
                self.name(module, first, rest, seen).unwrap_or_else(|| match self.modules.get(module) {
                    Some(module) => Target::File(module.file),
                    None => Target::Outside(path.to_vec()),
                })
            }
            None => self.follow(module, &[], seen),
        }
    }

    fn name(
        &self,
        path: &[String],
        name: &str,
        rest: &[String],
        seen: &mut BTreeSet<(ModulePath, String)>,
    ) -> Option<Target> {
        let module = self.modules.get(path)?;
        let below = [path, &[name.to_owned()]].concat();
        if self.modules.contains_key(&below) {
            return Some(self.walk(&below, rest, seen));
        }
        if module.items.contains(name) {
            return Some(Target::File(module.file));
        }
        if !seen.insert((path.to_vec(), name.to_owned())) {
            return None;
        }
        if let Some(alias) = module.aliases.get(name) {
            return Some(self.follow(path, &[alias, rest].concat(), seen));
        }
        module.globs.iter().find_map(|glob| {
            let inside = self.module_at(path, glob)?;
            self.name(&inside, name, rest, seen)
        })
    }

    /// The module that a path names, where the path goes through modules alone.
    fn module_at(&self, from: &[String], path: &[String]) -> Option<ModulePath> {
        let (mut module, mut rest) = match path.first()?.as_str() {
            "crate" => (root_of(from), &path[1..]),
            LIBRARY | BASE => (Vec::new(), &path[1..]),
            _ => (from.to_vec(), path),
        };
        while let Some((first, more)) = rest.split_first() {
            match first.as_str() {
                "self" => {}
                "super" => drop(module.pop()),
                name => module.push(name.to_owned()),
            }
            rest = more;
        }
        self.modules.contains_key(&module).then_some(module)
    }
}

fn root_of(module: &[String]) -> ModulePath {
    if module.first().is_some_and(|first| first == BINARY) { vec![BINARY.into()] } else { Vec::new() }
}

fn parent(module: &[String]) -> &[String] {
    module.split_last().map_or(module, |(_, parent)| parent)
}

fn module_of(path: &str) -> ModulePath {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    match stem {
        "lib" | "base" => return Vec::new(),
        "main" => return vec![BINARY.into()],
        _ => {}
    }
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    stem.split('/').map(str::to_owned).collect()
}

/// Calls `found` with each name a `use` brings and the whole path it stands for; no name for `*`.
pub(super) fn flatten(tree: &UseTree, start: &[String], found: &mut impl FnMut(Option<String>, Vec<String>)) {
    let with = |name: &syn::Ident| [start, &[plain(name)]].concat();
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => found(start.last().cloned(), start.to_vec()),
        UseTree::Name(name) => found(Some(plain(&name.ident)), with(&name.ident)),
        UseTree::Rename(name) if name.ident == "self" => found(Some(plain(&name.rename)), start.to_vec()),
        UseTree::Rename(name) => found(Some(plain(&name.rename)), with(&name.ident)),
        UseTree::Glob(_) => found(None, start.to_vec()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, start, found)),
    }
}

/// A name without the mark of a raw identifier.
pub(super) fn plain(name: &proc_macro2::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

/// Whether `#[cfg(test)]` or a condition that needs `test` stands before an item.
pub(super) fn for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return attribute.path().is_ident("test") };
        list.path.is_ident("cfg") && {
            let condition = list.tokens.to_string();
            condition.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test") && !condition.contains("not")
        }
    })
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(plain(name))
}
