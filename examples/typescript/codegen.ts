import type { CodegenConfig } from "@graphql-codegen/cli";

const { JOURNEY_URL = "http://127.0.0.1:8080", JOURNEY_TOKEN } = process.env;

const config: CodegenConfig = {
  // Your own role's schema: it holds what your token may use, and nothing else.
  schema: [{ [`${JOURNEY_URL}/graphql`]: { headers: { Authorization: `Bearer ${JOURNEY_TOKEN}` } } }],
  documents: ["src/**/*.ts", "!src/generated/**"],
  importExtension: ".js",
  emitLegacyCommonJSImports: false,
  generates: {
    "src/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { DateTime: "string", NaiveDate: "string", Decimal: "string", JSON: "unknown" },
      },
    },
  },
};

export default config;
