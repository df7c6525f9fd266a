CREATE TABLE `nodes` (
	`instance_id` text NOT NULL,
	`name` text NOT NULL,
	`url` text NOT NULL,
	`dialect` text NOT NULL,
	`sealed_token` text,
	`public_key` text,
	`pinned_at` integer,
	`created_by` text NOT NULL,
	`updated_by` text NOT NULL,
	`on_behalf_of` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`instance_id`, `name`)
);
--> statement-breakpoint
CREATE TABLE `model_files` (
	`instance_id` text NOT NULL,
	`path` text NOT NULL,
	`root` text NOT NULL,
	`relative` text NOT NULL,
	`name` text NOT NULL,
	`stem_key` text NOT NULL,
	`type` text NOT NULL,
	`aliases` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`modified_us` integer NOT NULL,
	`changed_us` integer NOT NULL,
	`device` text NOT NULL,
	`inode` text NOT NULL,
	`place` integer NOT NULL,
	`state` text NOT NULL,
	`fault` text,
	`inspected_at` integer,
	`sha256` text,
	`tensor_sha256` text,
	`auto_v1` text,
	`blake3` text,
	`crc32` text,
	`digest_source` text,
	`sample` text,
	`hashed_at` integer,
	`claims` text NOT NULL,
	`claimed_tensor` text,
	`output_name_key` text,
	`base_model` text,
	`license` text,
	`civitai_model_id` integer,
	`civitai_version_id` integer,
	`civitai` text,
	`found_at` integer NOT NULL,
	`last_used_at` integer,
	`updated_at` integer NOT NULL,
	`gone_at` integer,
	PRIMARY KEY(`instance_id`, `path`)
);
--> statement-breakpoint
CREATE INDEX `model_files_by_sha256` ON `model_files` (`sha256`) WHERE sha256 is not null;--> statement-breakpoint
CREATE INDEX `model_files_by_tensor` ON `model_files` (`tensor_sha256`) WHERE tensor_sha256 is not null;--> statement-breakpoint
CREATE INDEX `model_files_by_auto_v1` ON `model_files` (`auto_v1`) WHERE auto_v1 is not null;--> statement-breakpoint
CREATE INDEX `model_files_by_blake3` ON `model_files` (`blake3`) WHERE blake3 is not null;--> statement-breakpoint
CREATE INDEX `model_files_by_crc32` ON `model_files` (`crc32`) WHERE crc32 is not null;--> statement-breakpoint
CREATE INDEX `model_files_by_claimed_tensor` ON `model_files` (`claimed_tensor`) WHERE claimed_tensor is not null;--> statement-breakpoint
CREATE INDEX `model_files_by_output_name` ON `model_files` (`output_name_key`) WHERE output_name_key is not null;--> statement-breakpoint
CREATE INDEX `model_files_by_version` ON `model_files` (`civitai_version_id`) WHERE civitai_version_id is not null;--> statement-breakpoint
CREATE INDEX `model_files_by_stem` ON `model_files` (`stem_key`);--> statement-breakpoint
CREATE INDEX `model_files_by_size` ON `model_files` (`instance_id`,`size_bytes`,`modified_us`);--> statement-breakpoint
CREATE INDEX `model_files_by_type` ON `model_files` (`instance_id`,`gone_at`,`type`,`path`);--> statement-breakpoint
CREATE INDEX `model_files_to_inspect` ON `model_files` (`instance_id`,`path`) WHERE inspected_at is null and gone_at is null;--> statement-breakpoint
CREATE INDEX `model_files_to_hash` ON `model_files` (`instance_id`,`size_bytes`,`path`) WHERE hashed_at is null and gone_at is null;--> statement-breakpoint
CREATE INDEX `model_files_compared` ON `model_files` (`instance_id`,`root`,`path`,`gone_at`,`relative`,`size_bytes`,`modified_us`,`changed_us`,`place`);--> statement-breakpoint
CREATE INDEX `model_files_gone` ON `model_files` (`instance_id`,`gone_at`) WHERE gone_at is not null;--> statement-breakpoint
CREATE INDEX `model_files_by_change` ON `model_files` (`instance_id`,`updated_at`);--> statement-breakpoint
CREATE INDEX `model_files_by_state` ON `model_files` (`instance_id`,`gone_at`,`state`,`path`,`root`);--> statement-breakpoint
CREATE TABLE `model_chunks` (
	`sha256` text NOT NULL,
	`chunk_bytes` integer NOT NULL,
	`hashes` text NOT NULL,
	`computed_at` integer NOT NULL,
	PRIMARY KEY(`sha256`, `chunk_bytes`)
);
--> statement-breakpoint
DROP INDEX `jobs_live_key`;--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_live_key` ON `jobs` (`instance_id`,`kind`,`key`) WHERE status in ('queued', 'running', 'paused');