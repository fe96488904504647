/** The release of the genuine plugin whose behaviour the stand-in follows: that of the SDK in package.json. */
export const follows = "4.34.2";

/** What the plugin answers when the engine asks for its version: valid semver, and plainly not the genuine one. */
export const version = `${follows}+offline.stand.in`;

/** The name under which the API server records which fields this plugin set. */
export const fieldManager = "modelstore-stand-in";

/** How the plugin names itself in messages. */
export const title = "modelstore's offline stand-in for the Kubernetes plugin";
