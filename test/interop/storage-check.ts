export async function checkStorage(_dataDir: string): Promise<void> {}
