// Bundles the page: node build.mjs FOLDER
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "dist");
mkdirSync(out, { recursive: true });
await build({
  entryPoints: { monitor: join(here, "src/main.ts") },
  bundle: true, minify: true, format: "esm", target: "es2021", charset: "utf8", legalComments: "inline",
  outdir: out, logLevel: "warning",
});
copyFileSync(join(here, "index.html"), join(out, "index.html"));
