/** `node:http`. To `import` it reads each of its names, one of which loads undici: over half of the time that Node takes to start. */
export const http = process.getBuiltinModule('node:http');
