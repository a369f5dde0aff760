// An approver in a real browser: opens the approval's page, logs in at the issuer, reads, presses the button.
// Arguments: the module playwright-core, the approval's URL, who, the button. Prints what was seen, as JSON.

import { pathToFileURL } from 'node:url';

const [module, url, who, button] = process.argv.slice(2);
const { chromium } = (await import(pathToFileURL(module + '/index.js').href)).default;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  // The quickstart's certificate is signed by an authority of its own folder.
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(url);
  const before = await page.textContent('body');
  await page.click('a.button');
  await page.click(`button:has-text("${who}")`);
  await page.waitForURL(url);
  const command = (await page.textContent('pre')).trim();
  const buttons = await page.locator('button[name=answer]').allTextContents();
  let after = await page.textContent('body');
  if (buttons.includes(button)) {
    await page.fill('textarea', 'seen in the browser');
    await Promise.all([page.waitForNavigation(), page.click(`button:has-text("${button}")`)]);
    after = await page.textContent('body');
  }
  console.log(JSON.stringify({ before, command, buttons, after }));
} finally {
  await browser.close();
}
