import type { Command } from 'commander'
import type { OwnCommandDeps } from '../own-commands.ts'

/** What people ask of a catalog; each is loaded when it is carried out. */
export function addCatalogCommands(parent: Command, { command, run, needs }: OwnCommandDeps): void {
  const check = command(
    parent,
    'check <path...>',
    'which files of catalog pages are on a host',
    'airkeep catalog check pages --ssh "ssh -p 40123 root@ssh5.example.com"',
  )
  needs(check, 'check_downloads')
  check
    .usage('[options] DIR|FILE...')
    .option('--ui-home <dir>', 'home of the UI on that host; found where it is not given')
    .option('--ssh <line>', 'a host that ssh reaches: user@host, or the line that the provider shows')
    .option('--node <name>', 'a host that runs airkeep, by the name that airkeep node add gave it')
    .option('--accept-host-key [fingerprint]', 'accept the key that the ssh host shows')
    .option('--csv <file>', 'write results and time into the table of the catalog; other rows stay')
    .option('--watch', 'look again and again, and tell what changes')
    .option('--interval <seconds>', 'between two looks; 10, or 60 at another host')
    .action((paths, options, self) =>
      run(self, async (context) => (await import('./check.ts')).checkCatalog(context, paths, options)),
    )

  const validate = command(
    parent,
    'validate <path>',
    'the class of each page, and the statistics of the catalog',
    'airkeep catalog validate pages --csv catalog.csv',
  )
  needs(validate, 'validate_catalog')
  validate
    .usage('[options] DIR|FILE')
    .option('--csv <file>', 'write classes and notes into the table of the catalog')
    .action((path, options, self) =>
      run(self, async (context) => (await import('./validate.ts')).validateCatalog(context, path, options)),
    )

  const fix = command(
    parent,
    'fix <page>',
    'add the AIR that a page lacks, from its civitdl command',
    'airkeep catalog fix pages/loras/harbor.md --apply',
  )
  needs(fix, 'fix_catalog_page')
  fix
    .usage('[options] FILE')
    .option('--offline', 'do not ask Civitai: the page says ecosystem and type')
    .option('--apply', 'write the change into the page; without it the change is only shown')
    .action((page, options, self) =>
      run(self, async (context) => (await import('./fix.ts')).fixPage(context, page, options)),
    )
}
