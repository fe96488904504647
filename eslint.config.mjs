import eslint from "@eslint/js";
import pulumi from "@pulumi/eslint-plugin";
import jsdoc from "eslint-plugin-jsdoc";
import mocha from "eslint-plugin-mocha";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", ".modelstore", "**/*.mjs", "**/*.cjs"] },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "@pulumi": pulumi, jsdoc },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "off",
      // Numbers read well in messages; everything else that a template would stringify is a mistake.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      eqeqeq: "error",
    },
  },
  {
    // What other programs import is documented where it is declared.
    files: ["components/**/*.ts", "plan/**/*.ts", "config.ts"],
    rules: {
      "jsdoc/require-jsdoc": [
        "error",
        { publicOnly: true, require: { ClassDeclaration: true, FunctionDeclaration: true } },
      ],
    },
  },
  {
    files: ["tests/**/*.ts"],
    ...mocha.configs.recommended,
  },
  {
    files: ["tests/**/*.ts"],
    rules: { "mocha/no-mocha-arrows": "off", "mocha/no-setup-in-describe": "off" },
  },
);
