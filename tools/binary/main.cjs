// What runs first inside the binary: gives out the parts of the bundle, which lie in it as assets, when they are required. Node itself
// would look for them on disk.
const { getAsset, getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

const modules = new Map();

function load(name) {
  const loaded = modules.get(name);
  if (loaded) return loaded.exports;
  const module = { exports: {} };
  modules.set(name, module);
  const script = new Script(getAsset(name, 'utf8'), { filename: name, cachedData: new Uint8Array(getRawAsset(`${name}.cache`)) });
  script.runInThisContext()(module.exports, requirePart, module);
  return module.exports;
}

function requirePart(name) {
  return name.startsWith('./') ? load(name) : require(name);
}

load('./fluxctl.js');
