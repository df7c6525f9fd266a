CREATE TABLE `accepted_terms` (
	`instance_id` text NOT NULL,
	`subject` text NOT NULL,
	`owner` text NOT NULL,
	`note` text,
	`accepted_at` integer NOT NULL,
	PRIMARY KEY(`instance_id`, `subject`, `owner`)
);
--> statement-breakpoint
CREATE TABLE `downloaded_files` (
	`instance_id` text NOT NULL,
	`path` text NOT NULL,
	`sha256` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`source_id` text NOT NULL,
	`job_id` text NOT NULL,
	`owner` text NOT NULL,
	`downloaded_at` integer NOT NULL,
	PRIMARY KEY(`instance_id`, `path`)
);
--> statement-breakpoint
CREATE TABLE `upstream_keys` (
	`instance_id` text NOT NULL,
	`owner` text NOT NULL,
	`provider` text NOT NULL,
	`sealed_key` text NOT NULL,
	`created_by` text NOT NULL,
	`updated_by` text NOT NULL,
	`on_behalf_of` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`instance_id`, `owner`, `provider`)
);
