//! A stand-in for the part of rust-analyzer that evcxr links.
//!
//! evcxr asks rust-analyzer for three things: the types of a cell's variables, completions and
//! documentation. The kernel has its own of each (`check`, `completion`, `help`), and hands evcxr
//! cells whose variables all carry their type. What is left for evcxr is to read those types from
//! the syntax tree, which `ra_ap_syntax` does. The thirty crates above it, some seven minutes of a
//! processor in a build from nothing, would never be called.
//!
//! Here are the types and functions that evcxr 0.22 names, in modules called after the crates that
//! have them. The other crates of this folder only re-export one module each. An unannotated
//! variable has no known type, there are no completions, and there is no documentation.

pub use ra_ap_syntax::{Edition, TextRange, TextSize};

use hir::{ChangeWithProcMacros, Module, Type};
use ide_db::{SnippetCap, SymbolKind};
use ra_ap_syntax::{SourceFile, SyntaxNode, ast};
use vfs::FileId;

/// The texts of the files.
#[derive(Debug, Default)]
pub struct RootDatabase {
    texts: std::collections::HashMap<FileId, String>,
}

/// Holds the texts.
#[derive(Debug, Default)]
pub struct AnalysisHost {
    database: RootDatabase,
}

impl AnalysisHost {
    /// Takes new texts.
    pub fn apply_change(&mut self, change: ChangeWithProcMacros) {
        for (file, text) in change.files {
            self.database.texts.insert(file, text.unwrap_or_default());
        }
    }

    /// The texts.
    pub fn raw_database(&self) -> &RootDatabase {
        &self.database
    }

    /// Answers questions, none of them with anything.
    pub fn analysis(&self) -> Analysis {
        Analysis
    }
}

/// Knows no completion and no documentation.
#[derive(Debug)]
pub struct Analysis;

/// What rust-analyzer gives up.
#[derive(Debug)]
pub struct Cancelled;

impl Analysis {
    /// None.
    pub fn completions(
        &self,
        _config: &CompletionConfig<'_>,
        _position: FilePosition,
        _trigger: Option<char>,
    ) -> Result<Option<Vec<CompletionItem>>, Cancelled> {
        Ok(None)
    }

    /// None.
    pub fn hover(
        &self,
        _config: &HoverConfig,
        _range: FileRange,
    ) -> Result<Option<RangeInfo<HoverResult>>, Cancelled> {
        Ok(None)
    }
}

/// Reads a file's syntax; knows nothing of its meaning.
#[derive(Debug)]
pub struct Semantics<'db, Database> {
    /// The texts.
    pub db: &'db Database,
}

impl<'db> Semantics<'db, RootDatabase> {
    /// Reads these texts.
    pub fn new(db: &'db RootDatabase) -> Self {
        Self { db }
    }

    /// The syntax tree of a file.
    pub fn parse(&self, file: base_db::EditionedFileId) -> SourceFile {
        let text = self.db.texts.get(&file.file).map_or("", String::as_str);
        SourceFile::parse(text, file.edition).tree()
    }

    /// There is one scope.
    pub fn scope(&self, _node: &SyntaxNode) -> Option<Scope> {
        Some(Scope)
    }

    /// Not known.
    pub fn type_of_pat(&self, _pattern: &ast::Pat) -> Option<TypeInfo> {
        None
    }
}

/// The only scope.
#[derive(Debug)]
pub struct Scope;

impl Scope {
    /// The only module.
    pub fn module(&self) -> Module {
        Module
    }
}

/// There is none.
#[derive(Debug)]
pub enum TypeInfo {}

impl TypeInfo {
    /// Never called.
    pub fn original(self) -> Type {
        match self {}
    }
}

/// A place in a file.
#[derive(Debug)]
pub struct FilePosition {
    /// The file.
    pub file_id: FileId,
    /// Bytes from its start.
    pub offset: TextSize,
}

/// A part of a file.
#[derive(Debug)]
pub struct FileRange {
    /// The file.
    pub file_id: FileId,
    /// From where to where.
    pub range: TextRange,
}

/// Something about a part of a file.
#[derive(Debug)]
pub struct RangeInfo<T> {
    /// From where to where.
    pub range: TextRange,
    /// What.
    pub info: T,
}

/// Documentation.
#[derive(Debug)]
pub struct HoverResult {
    /// Its text.
    pub markup: String,
}

/// A completion.
#[derive(Debug)]
pub struct CompletionItem {
    /// What it inserts.
    pub text_edit: Vec<Indel>,
    /// What it is.
    pub kind: CompletionItemKind,
    /// How it is shown.
    pub label: CompletionItemLabel,
}

impl CompletionItem {
    /// What it is found by.
    pub fn lookup(&self) -> &str {
        &self.label.primary
    }
}

/// How a completion is shown.
#[derive(Debug)]
pub struct CompletionItemLabel {
    /// Its name.
    pub primary: String,
}

/// One change of a text.
#[derive(Debug)]
pub struct Indel {
    /// What goes.
    pub delete: TextRange,
    /// What comes.
    pub insert: String,
}

/// What a completion is.
#[derive(Debug, Clone, Copy)]
pub enum CompletionItemKind {
    SymbolKind(SymbolKind),
    Binding,
    BuiltinType,
    Expression,
    InferredType,
    Keyword,
    Snippet,
    UnresolvedReference,
}

/// How to complete. Nothing here is read.
#[derive(Debug)]
pub struct CompletionConfig<'a> {
    pub enable_postfix_completions: bool,
    pub snippet_cap: Option<SnippetCap>,
    pub enable_imports_on_the_fly: bool,
    pub enable_self_on_the_fly: bool,
    pub enable_private_editable: bool,
    pub prefer_no_std: bool,
    pub full_function_signatures: bool,
    pub snippets: Vec<()>,
    pub insert_use: ide_db::imports::insert_use::InsertUseConfig,
    pub callable: Option<CallableSnippets>,
    pub limit: Option<usize>,
    pub prefer_prelude: bool,
    pub enable_term_search: bool,
    pub term_search_fuel: u64,
    pub prefer_absolute: bool,
    pub add_semicolon_to_unit: bool,
    pub fields_to_resolve: CompletionFieldsToResolve,
    pub exclude_flyimport: Vec<()>,
    pub exclude_traits: &'a [String],
    pub enable_auto_iter: bool,
    pub enable_auto_await: bool,
    pub ra_fixture: RaFixtureConfig,
    pub add_colons_to_module: bool,
}

/// What a completed call has between its parentheses.
#[derive(Debug)]
pub enum CallableSnippets {
    FillArguments,
}

/// What is found out of a completion later.
#[derive(Debug)]
pub struct CompletionFieldsToResolve;

impl CompletionFieldsToResolve {
    /// Nothing.
    pub fn empty() -> Self {
        Self
    }
}

/// Has no setting.
#[derive(Debug, Default)]
pub struct RaFixtureConfig;

/// How to show documentation. Nothing here is read.
#[derive(Debug)]
pub struct HoverConfig {
    pub links_in_hover: bool,
    pub memory_layout: Option<()>,
    pub documentation: bool,
    pub keywords: bool,
    pub format: HoverDocFormat,
    pub max_trait_assoc_items_count: Option<usize>,
    pub max_fields_count: Option<usize>,
    pub max_enum_variants_count: Option<usize>,
    pub max_subst_ty_len: SubstTyLen,
    pub show_drop_glue: bool,
    pub ra_fixture: RaFixtureConfig,
}

/// How documentation is written.
#[derive(Debug)]
pub enum HoverDocFormat {
    Markdown,
    PlainText,
}

/// How long a type may be.
#[derive(Debug)]
pub enum SubstTyLen {
    Unlimited,
}

/// `ra_ap_hir`.
pub mod hir {
    pub use super::Semantics;

    use super::vfs::FileId;
    use super::{RootDatabase, base_db::SourceRoot, project_model::CrateGraph};

    /// New texts.
    #[derive(Debug, Default)]
    pub struct ChangeWithProcMacros {
        pub(super) files: Vec<(FileId, Option<String>)>,
    }

    impl ChangeWithProcMacros {
        /// A file's new text.
        pub fn change_file(&mut self, file: FileId, text: Option<String>) {
            self.files.push((file, text));
        }

        /// Changes nothing.
        pub fn set_roots(&mut self, _roots: Vec<SourceRoot>) {}

        /// Changes nothing.
        pub fn set_crate_graph(&mut self, _graph: CrateGraph) {}
    }

    /// The only module.
    #[derive(Debug, Clone, Copy)]
    pub struct Module;

    /// There is none.
    #[derive(Debug)]
    pub enum Type {}

    impl Type {
        /// Never called.
        pub fn is_closure(&self) -> bool {
            match *self {}
        }
    }

    /// Writes types.
    pub trait HirDisplay {
        /// Never called.
        ///
        /// # Errors
        /// None.
        fn display_source_code(
            &self,
            db: &RootDatabase,
            module: Module,
            allow_opaque: bool,
        ) -> Result<String, std::fmt::Error>;
    }

    impl HirDisplay for Type {
        fn display_source_code(
            &self,
            _db: &RootDatabase,
            _module: Module,
            _allow_opaque: bool,
        ) -> Result<String, std::fmt::Error> {
            match *self {}
        }
    }

    /// Does what it is given.
    pub fn attach_db<T>(_db: &RootDatabase, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// How paths begin.
    #[derive(Debug)]
    pub enum PrefixKind {
        ByCrate,
    }
}

/// `ra_ap_base_db`.
pub mod base_db {
    use super::{Edition, RootDatabase};
    use crate::vfs::{FileId, file_set::FileSet};

    /// A file, and how to read it.
    #[derive(Debug, Clone, Copy)]
    pub struct EditionedFileId {
        pub(super) file: FileId,
        pub(super) edition: Edition,
    }

    impl EditionedFileId {
        /// A file, and how to read it.
        pub fn new(_db: &RootDatabase, file: FileId, edition: Edition) -> Self {
            Self { file, edition }
        }
    }

    /// Has nothing.
    #[derive(Debug)]
    pub struct SourceRoot;

    impl SourceRoot {
        /// Has nothing.
        pub fn new_local(_files: FileSet) -> Self {
            Self
        }
    }
}

/// `ra_ap_ide_db`.
pub mod ide_db {
    pub use rustc_hash::FxHashMap;

    /// That completions may have places to fill.
    #[derive(Debug)]
    pub struct SnippetCap;

    impl SnippetCap {
        /// Whether they may.
        pub fn new(allowed: bool) -> Option<Self> {
            allowed.then_some(Self)
        }
    }

    /// What a name stands for.
    #[derive(Debug, Clone, Copy)]
    pub enum SymbolKind {
        Attribute,
        BuiltinAttr,
        Const,
        ConstParam,
        CrateRoot,
        Derive,
        DeriveHelper,
        Enum,
        Field,
        Function,
        Label,
        Local,
        Macro,
        Method,
        Module,
        ProcMacro,
        SelfParam,
        SelfType,
        Static,
        Struct,
        ToolModule,
        Trait,
        TypeAlias,
        TypeParam,
        Union,
        ValueParam,
        Variant,
    }

    /// Imports.
    pub mod imports {
        /// Where `use` goes.
        pub mod insert_use {
            use crate::hir::PrefixKind;

            /// How a `use` is written. Nothing here is read.
            #[derive(Debug)]
            pub struct InsertUseConfig {
                pub prefix_kind: PrefixKind,
                pub group: bool,
                pub granularity: ImportGranularity,
                pub enforce_granularity: bool,
                pub skip_glob_imports: bool,
            }

            /// What shares a `use`.
            #[derive(Debug)]
            pub enum ImportGranularity {
                Item,
            }
        }
    }
}

/// `ra_ap_paths`.
pub mod paths {
    use std::path::{Path, PathBuf};

    /// A path from the root.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AbsPathBuf(PathBuf);

    impl TryFrom<&str> for AbsPathBuf {
        type Error = PathBuf;

        fn try_from(path: &str) -> Result<Self, PathBuf> {
            let path = PathBuf::from(path);
            if path.is_absolute() { Ok(Self(path)) } else { Err(path) }
        }
    }

    impl AbsPathBuf {
        /// A path below it.
        pub fn join(&self, path: &str) -> Self {
            Self(self.0.join(path))
        }

        /// As the standard library has it.
        pub fn as_path(&self) -> &Path {
            &self.0
        }

        /// A copy.
        pub fn to_path_buf(&self) -> Self {
            self.clone()
        }
    }

    impl AsRef<Path> for AbsPathBuf {
        fn as_ref(&self) -> &Path {
            &self.0
        }
    }
}

/// `ra_ap_project_model`.
pub mod project_model {
    use super::{ide_db::FxHashMap, paths::AbsPathBuf, vfs::FileId};

    /// How to load a project. Nothing here is read.
    #[derive(Debug, Default)]
    pub struct CargoConfig {
        pub sysroot: Option<RustLibSource>,
        pub features: (),
    }

    /// Where the standard library's sources are.
    #[derive(Debug)]
    pub enum RustLibSource {
        Discover,
    }

    /// Has nothing.
    #[derive(Debug)]
    pub struct ProjectManifest;

    impl ProjectManifest {
        /// Reads nothing.
        ///
        /// # Errors
        /// None.
        pub fn from_manifest_file(_path: AbsPathBuf) -> anyhow::Result<Self> {
            Ok(Self)
        }
    }

    /// Has nothing.
    #[derive(Debug)]
    pub struct ProjectWorkspace;

    impl ProjectWorkspace {
        /// Loads nothing.
        ///
        /// # Errors
        /// None.
        pub fn load(
            _manifest: ProjectManifest,
            _config: &CargoConfig,
            _progress: &dyn Fn(String),
        ) -> anyhow::Result<Self> {
            Ok(Self)
        }

        /// None.
        pub fn to_roots(&self) -> Vec<PackageRoot> {
            Vec::new()
        }

        /// Has nothing.
        pub fn to_crate_graph(
            &self,
            _file: &mut dyn FnMut(&AbsPathBuf) -> Option<FileId>,
            _environment: &FxHashMap<String, String>,
        ) -> (CrateGraph, ()) {
            (CrateGraph, ())
        }
    }

    /// The folders of a package.
    #[derive(Debug)]
    pub struct PackageRoot {
        /// To read.
        pub include: Vec<AbsPathBuf>,
        /// Not to read.
        pub exclude: Vec<AbsPathBuf>,
    }

    /// Has nothing.
    #[derive(Debug)]
    pub struct CrateGraph;
}

/// `ra_ap_vfs`.
pub mod vfs {
    use super::paths::AbsPathBuf;

    /// A file's number.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct FileId(usize);

    /// A file's path.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct VfsPath(AbsPathBuf);

    impl From<AbsPathBuf> for VfsPath {
        fn from(path: AbsPathBuf) -> Self {
            Self(path)
        }
    }

    /// Numbers files; their texts are in [`RootDatabase`](super::RootDatabase).
    #[derive(Debug, Default)]
    pub struct Vfs {
        paths: Vec<VfsPath>,
    }

    impl Vfs {
        /// Gives a file its number.
        pub fn set_file_contents(&mut self, path: VfsPath, _text: Option<Vec<u8>>) -> bool {
            let new = !self.paths.contains(&path);
            if new {
                self.paths.push(path);
            }
            new
        }

        /// A file's number.
        pub fn file_id(&self, path: &VfsPath) -> Option<(FileId, ())> {
            self.paths.iter().position(|known| known == path).map(|i| (FileId(i), ()))
        }

        /// None.
        pub fn take_changes(&mut self) -> Vec<(FileId, ChangedFile)> {
            Vec::new()
        }
    }

    /// A file that changed.
    #[derive(Debug)]
    pub struct ChangedFile {
        /// How it changed.
        pub change: Change,
    }

    /// How a file changed: its text and that text's hash.
    #[derive(Debug)]
    pub enum Change {
        Create(Vec<u8>, u64),
        Modify(Vec<u8>, u64),
        Delete,
    }

    /// Sets of files.
    pub mod file_set {
        /// Has nothing.
        #[derive(Debug, Default)]
        pub struct FileSetConfig;

        impl FileSetConfig {
            /// None.
            pub fn partition(&self, _vfs: &super::Vfs) -> Vec<FileSet> {
                Vec::new()
            }
        }

        /// Has nothing.
        #[derive(Debug)]
        pub struct FileSet;
    }

    /// How files are read.
    pub mod loader {
        use crate::paths::AbsPathBuf;

        /// What to read.
        #[derive(Debug)]
        pub struct Config {
            pub version: u32,
            pub load: Vec<Entry>,
            pub watch: Vec<usize>,
        }

        /// What to read.
        #[derive(Debug)]
        pub enum Entry {
            Directories(Directories),
        }

        /// Folders to read.
        #[derive(Debug)]
        pub struct Directories {
            pub extensions: Vec<String>,
            pub include: Vec<AbsPathBuf>,
            pub exclude: Vec<AbsPathBuf>,
        }

        /// What was read.
        #[derive(Debug)]
        pub enum Message {
            Progress { n_total: usize, n_done: LoadingProgress, config_version: u32 },
            Loaded { files: Vec<(AbsPathBuf, Option<Vec<u8>>)> },
            Changed { files: Vec<(AbsPathBuf, Option<Vec<u8>>)> },
        }

        /// How much of it was read.
        #[derive(Debug, PartialEq, Eq)]
        pub enum LoadingProgress {
            Started,
            Progress(usize),
            Finished,
        }

        /// Reads files.
        pub trait Handle {
            /// Begins.
            fn set_config(&mut self, config: Config);
        }
    }
}

/// `ra_ap_vfs_notify`.
pub mod vfs_notify {
    use super::vfs::loader::{Config, Handle, LoadingProgress, Message};
    use crossbeam_channel::Sender;

    /// Has read everything at once, since there is nothing to read.
    #[derive(Debug)]
    pub struct NotifyHandle {
        sender: Sender<Message>,
    }

    impl NotifyHandle {
        /// Tells `sender` when everything is read.
        pub fn spawn(sender: Sender<Message>) -> Self {
            Self { sender }
        }
    }

    impl Handle for NotifyHandle {
        fn set_config(&mut self, config: Config) {
            // The receiver is there for as long as the analyzer that calls this.
            let _ = self.sender.send(Message::Progress {
                n_total: 0,
                n_done: LoadingProgress::Finished,
                config_version: config.version,
            });
        }
    }
}
