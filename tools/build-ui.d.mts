export function buildUi(directory: string): Promise<void>;
