import { PolicyPack } from "@pulumi/policy";
import { serversMountReadOnly } from "./rules/serversMountReadOnly";

/** The policy pack: `pulumi preview --policy-pack policy`. */
new PolicyPack("modelstore", { policies: [serversMountReadOnly] });
