-- Written by hand: drizzle-kit 0.31 takes an expression apart at its commas.
CREATE INDEX `prompts_by_text` ON `prompts` (substr("prompt_text", 1, 80), substr("metadata", -80));
