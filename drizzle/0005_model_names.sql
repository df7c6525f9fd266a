CREATE TABLE `model_names` (
	`instance_id` text NOT NULL,
	`stem_key` text NOT NULL,
	`path` text NOT NULL,
	PRIMARY KEY(`instance_id`, `stem_key`, `path`)
);
--> statement-breakpoint
CREATE INDEX `model_names_by_path` ON `model_names` (`instance_id`,`path`);
--> statement-breakpoint
-- What has other names is taken in anew by the next walk, with the names; its digests stay.
UPDATE `model_files` SET `place` = -1 WHERE `aliases` <> '[]';
