// Bundles GraphiQL and its editor's workers into dist/, and writes dist/manifest.json, which says what was made from what.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = join(here, "dist");
const fresh = join(here, "node_modules/.dist");
const stale = join(here, "node_modules/.dist-before");
const shared = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  metafile: true,
  legalComments: "linked",
  outdir: fresh,
  target: "es2022",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".ttf": "file" },
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  logLevel: "warning",
};

const page = {
  ...shared,
  entryPoints: { page: "src/page.jsx" },
  format: "esm",
  splitting: true,
  jsx: "automatic",
};
const workers = {
  ...shared,
  entryPoints: {
    editor: "monaco-editor/esm/vs/editor/editor.worker.js",
    json: "monaco-editor/esm/vs/language/json/json.worker.js",
    graphql: "monaco-graphql/esm/graphql.worker.js",
  },
  format: "iife",
};

function sha256(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

function sources() {
  const names = ["build.mjs", "package-lock.json", ...readdirSync(join(here, "src")).map((name) => `src/${name}`)];
  return Object.fromEntries(names.sort().map((name) => [name, sha256(join(here, name))]));
}

function scripts({ outputs }) {
  const made = Object.entries(outputs).filter(([, output]) => output.entryPoint);
  return Object.fromEntries(made.map(([path]) => [basename(path).split("-")[0], basename(path)]));
}

function style({ outputs }) {
  return basename(Object.values(outputs).find((output) => output.entryPoint === page.entryPoints.page).cssBundle);
}

rmSync(fresh, { recursive: true, force: true });
try {
  const { metafile } = await build(page);
  const { metafile: workersMade } = await build(workers);
  const files = readdirSync(fresh).sort();
  for (const name of files.filter((file) => /\.(js|css)$/.test(file))) {
    writeFileSync(join(fresh, `${name}.gz`), gzipSync(readFileSync(join(fresh, name)), { level: 9 }));
  }
  const manifest = {
    script: scripts(metafile).page,
    style: style(metafile),
    workers: scripts(workersMade),
    files,
    sources: sources(),
  };
  writeFileSync(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  rmSync(stale, { recursive: true, force: true });
  if (existsSync(dist)) {
    renameSync(dist, stale);
  }
  renameSync(fresh, dist);
} catch (error) {
  if (!error.errors) {
    console.error(error.message); // what esbuild itself finds wrong it has said already
  }
  process.exitCode = 1;
} finally {
  [fresh, stale].forEach((folder) => rmSync(folder, { recursive: true, force: true }));
}
