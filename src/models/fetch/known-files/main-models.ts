/** Checkpoints and diffusion models, in the form that `read-table.ts` reads. */
export const MAIN_MODELS = `
black-forest-labs/FLUX.1-schnell
  diffusion_models/FLUX1 flux1-schnell.safetensors
city96/FLUX.1-dev-gguf
  diffusion_models/FLUX1 flux1-dev-F16.gguf
  diffusion_models/FLUX1 flux1-dev-Q2_K.gguf
  diffusion_models/FLUX1 flux1-dev-Q3_K_S.gguf
  diffusion_models/FLUX1 flux1-dev-Q4_0.gguf
  diffusion_models/FLUX1 flux1-dev-Q4_1.gguf
  diffusion_models/FLUX1 flux1-dev-Q4_K_S.gguf
  diffusion_models/FLUX1 flux1-dev-Q5_0.gguf
  diffusion_models/FLUX1 flux1-dev-Q5_1.gguf
  diffusion_models/FLUX1 flux1-dev-Q5_K_S.gguf
  diffusion_models/FLUX1 flux1-dev-Q6_K.gguf
  diffusion_models/FLUX1 flux1-dev-Q8_0.gguf
city96/FLUX.1-schnell-gguf
  diffusion_models/FLUX1 flux1-schnell-F16.gguf
  diffusion_models/FLUX1 flux1-schnell-Q2_K.gguf
  diffusion_models/FLUX1 flux1-schnell-Q3_K_S.gguf
  diffusion_models/FLUX1 flux1-schnell-Q4_0.gguf
  diffusion_models/FLUX1 flux1-schnell-Q4_1.gguf
  diffusion_models/FLUX1 flux1-schnell-Q4_K_S.gguf
  diffusion_models/FLUX1 flux1-schnell-Q5_0.gguf
  diffusion_models/FLUX1 flux1-schnell-Q5_1.gguf
  diffusion_models/FLUX1 flux1-schnell-Q5_K_S.gguf
  diffusion_models/FLUX1 flux1-schnell-Q6_K.gguf
  diffusion_models/FLUX1 flux1-schnell-Q8_0.gguf
Comfy-Org/flux1-dev
  checkpoints,diffusion_models flux1-dev-fp8.safetensors 8e91b68084b53a7fc44ed2a3756d821e355ac1a7b6fe29be760c1db532f3d88a
Comfy-Org/flux1-schnell
  checkpoints,diffusion_models flux1-schnell-fp8.safetensors ead426278b49030e9da5df862994f25ce94ab2ee4df38b556ddddb3db093bf72
Comfy-Org/HunyuanVideo_repackaged
  diffusion_models/hunyuan_video split_files/diffusion_models/hunyuan_video_image_to_video_720p_bf16.safetensors
  diffusion_models/hunyuan_video split_files/diffusion_models/hunyuan_video_t2v_720p_bf16.safetensors
Comfy-Org/Omnigen2_ComfyUI_repackaged
  diffusion_models split_files/diffusion_models/omnigen2_fp16.safetensors
Comfy-Org/Qwen-Image-Edit_ComfyUI
  diffusion_models/qwen-image-edit split_files/diffusion_models/qwen_image_edit_2509_bf16.safetensors
  diffusion_models/qwen-image-edit split_files/diffusion_models/qwen_image_edit_2509_fp8_e4m3fn.safetensors
  diffusion_models/qwen-image-edit split_files/diffusion_models/qwen_image_edit_bf16.safetensors
  diffusion_models/qwen-image-edit split_files/diffusion_models/qwen_image_edit_fp8_e4m3fn.safetensors
Comfy-Org/Qwen-Image_ComfyUI
  diffusion_models/qwen-image split_files/diffusion_models/qwen_image_bf16.safetensors
  diffusion_models/qwen-image split_files/diffusion_models/qwen_image_fp8_e4m3fn.safetensors
Comfy-Org/stable-diffusion-3.5-fp8
  checkpoints,diffusion_models sd3.5_large_fp8_scaled.safetensors 5ad94d6f951556b1ab6b75930fd4effbafaf3130fe9df440e7f2d05a220dd1be
Comfy-Org/stable-diffusion-v1-5-archive
  checkpoints,diffusion_models v1-5-pruned-emaonly-fp16.safetensors e9476a13728cd75d8279f6ec8bad753a66a1957ca375a1464dc63b37db6e3916
Comfy-Org/Wan_2.1_ComfyUI_repackaged
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_i2v_480p_14B_bf16.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_i2v_480p_14B_fp16.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_i2v_480p_14B_fp8_e4m3fn.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_i2v_480p_14B_fp8_scaled.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_i2v_720p_14B_bf16.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_i2v_720p_14B_fp16.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_i2v_720p_14B_fp8_e4m3fn.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_i2v_720p_14B_fp8_scaled.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_t2v_1.3B_bf16.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_t2v_1.3B_fp16.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_t2v_14B_bf16.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_t2v_14B_fp16.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_t2v_14B_fp8_e4m3fn.safetensors
  diffusion_models/Wan2.1 split_files/diffusion_models/wan2.1_t2v_14B_fp8_scaled.safetensors
Comfy-Org/Wan_2.2_ComfyUI_Repackaged
  diffusion_models/Wan2.2 split_files/diffusion_models/wan2.2_i2v_high_noise_14B_fp16.safetensors
  diffusion_models/Wan2.2 split_files/diffusion_models/wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors
  diffusion_models/Wan2.2 split_files/diffusion_models/wan2.2_i2v_low_noise_14B_fp16.safetensors
  diffusion_models/Wan2.2 split_files/diffusion_models/wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors
  diffusion_models/Wan2.2 split_files/diffusion_models/wan2.2_t2v_high_noise_14B_fp16.safetensors
  diffusion_models/Wan2.2 split_files/diffusion_models/wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors
  diffusion_models/Wan2.2 split_files/diffusion_models/wan2.2_t2v_low_noise_14B_fp16.safetensors
  diffusion_models/Wan2.2 split_files/diffusion_models/wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors
  diffusion_models/Wan2.2 split_files/diffusion_models/wan2.2_ti2v_5B_fp16.safetensors
comfyanonymous/flux_dev_scaled_fp8_test
  diffusion_models/FLUX1 flux_dev_fp8_scaled_diffusion_model.safetensors
comfyanonymous/hunyuan_dit_comfyui
  checkpoints/hunyuan_dit_comfyui hunyuan_dit_1.0.safetensors
  checkpoints/hunyuan_dit_comfyui hunyuan_dit_1.1.safetensors
  checkpoints/hunyuan_dit_comfyui hunyuan_dit_1.2.safetensors
Kijai/depth-fm-pruned
  checkpoints/depthfm depthfm-v1_fp16.safetensors
  checkpoints/depthfm depthfm-v1_fp32.safetensors
Kijai/DynamiCrafter_pruned
  checkpoints/ToonCrafter tooncrafter_512_interp-fp16.safetensors
  checkpoints/dynamicrafter dynamicrafter_1024_v1_bf16.safetensors
  checkpoints/dynamicrafter dynamicrafter_512_interp_v1_bf16.safetensors
Kijai/flux-fp8
  diffusion_models/FLUX1 flux1-dev-fp8.safetensors
  diffusion_models/FLUX1 flux1-schnell-fp8.safetensors
Kijai/lotus-comfyui
  diffusion_models lotus-depth-d-v-1-1-fp16.safetensors
  diffusion_models lotus-depth-g-v1-0-fp16.safetensors
  diffusion_models lotus-depth-g-v1-0.safetensors
  diffusion_models lotus-normal-d-v1-0-fp16.safetensors
  diffusion_models lotus-normal-d-v1-0.safetensors
  diffusion_models lotus-normal-g-v1-0-fp16.safetensors
  diffusion_models lotus-normal-g-v1-0.safetensors
Kijai/SUPIR_pruned
  checkpoints/SUPIR SUPIR-v0F_fp16.safetensors
  checkpoints/SUPIR SUPIR-v0Q_fp16.safetensors
Lightricks/LTX-2
  checkpoints/LTX-2 ltx-2-19b-dev-fp8.safetensors
  checkpoints/LTX-2 ltx-2-19b-dev.safetensors
  checkpoints/LTX-2 ltx-2-19b-distilled-fp8.safetensors
  checkpoints/LTX-2 ltx-2-19b-distilled.safetensors
Lightricks/LTX-2.3
  checkpoints/LTX-2.3 ltx-2.3-22b-dev.safetensors
  checkpoints/LTX-2.3 ltx-2.3-22b-distilled-1.1.safetensors
Lightricks/LTX-2.3-fp8
  checkpoints/LTX-2.3 ltx-2.3-22b-dev-fp8.safetensors
  checkpoints/LTX-2.3 ltx-2.3-22b-distilled-fp8.safetensors
Lightricks/LTX-2.3-nvfp4
  checkpoints/LTX-2.3 ltx-2.3-22b-dev-nvfp4.safetensors
Lightricks/LTX-2.5
  diffusion_models diffusion_models/ltx-2.5-22b-dev-transformer-bf16.safetensors
  diffusion_models diffusion_models/ltx-2.5-22b-dev-transformer-comfy-int8-convrot.safetensors
  diffusion_models diffusion_models/ltx-2.5-22b-distilled-transformer-bf16.safetensors
  diffusion_models diffusion_models/ltx-2.5-22b-distilled-transformer-comfy-int8-convrot.safetensors
  diffusion_models diffusion_models/ltx-2.5-22b-distilled-transformer-nvfp4.safetensors
Lightricks/LTX-Video
  checkpoints/LTXV ltx-video-2b-v0.9.1.safetensors
  checkpoints/LTXV ltx-video-2b-v0.9.5.safetensors
  checkpoints/LTXV ltx-video-2b-v0.9.safetensors
  checkpoints/LTXV ltxv-13b-0.9.7-dev-fp8.safetensors
  checkpoints/LTXV ltxv-13b-0.9.7-dev.safetensors
  checkpoints/LTXV ltxv-13b-0.9.7-distilled-fp8.safetensors
  checkpoints/LTXV ltxv-13b-0.9.7-distilled.safetensors
  checkpoints/LTXV ltxv-13b-0.9.8-distilled-fp8.safetensors
  checkpoints/LTXV ltxv-13b-0.9.8-distilled.safetensors
  checkpoints/LTXV ltxv-2b-0.9.8-distilled-fp8.safetensors
  checkpoints/LTXV ltxv-2b-0.9.8-distilled.safetensors
mcmonkey/swarm-models
  checkpoints,diffusion_models SwarmUI_Z-Image-Turbo-FP8Mix.safetensors ba92d3705131c8d9b05ca9c6fefe39444d4eb02db16c30aafa9fcf5f85230e06
stabilityai/sdxl-turbo
  checkpoints/SDXL-TURBO sd_xl_turbo_1.0.safetensors
  checkpoints/SDXL-TURBO sd_xl_turbo_1.0_fp16.safetensors
stabilityai/stable-cascade
  checkpoints/Stable-Cascade comfyui_checkpoints/stable_cascade_stage_b.safetensors
  checkpoints/Stable-Cascade comfyui_checkpoints/stable_cascade_stage_c.safetensors
  diffusion_models/Stable-Cascade stage_b.safetensors
  diffusion_models/Stable-Cascade stage_b_bf16.safetensors
  diffusion_models/Stable-Cascade stage_b_lite.safetensors
  diffusion_models/Stable-Cascade stage_b_lite_bf16.safetensors
  diffusion_models/Stable-Cascade stage_c.safetensors
  diffusion_models/Stable-Cascade stage_c_bf16.safetensors
  diffusion_models/Stable-Cascade stage_c_lite.safetensors
  diffusion_models/Stable-Cascade stage_c_lite_bf16.safetensors
stabilityai/stable-diffusion-2-1
  checkpoints,diffusion_models v2-1_768-ema-pruned.safetensors dcd690123cfc64383981a31d955694f6acf2072a80537fdb612c8e58ec87a8ac
stabilityai/stable-diffusion-2-1-base
  checkpoints/SD2.1 v2-1_512-ema-pruned.safetensors
stabilityai/stable-diffusion-x4-upscaler
  checkpoints/upscale x4-upscaler-ema.safetensors
stabilityai/stable-diffusion-xl-base-1.0
  checkpoints,diffusion_models sd_xl_base_1.0.safetensors 31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b
  checkpoints/SDXL sd_xl_base_1.0_0.9vae.safetensors
stabilityai/stable-diffusion-xl-refiner-1.0
  checkpoints,diffusion_models sd_xl_refiner_1.0.safetensors 7440042bbdc8a24813002c09b6b69b64dc90fded4472613437b7f55f9b7d9c5f
  checkpoints/SDXL sd_xl_refiner_1.0_0.9vae.safetensors
stabilityai/stable-video-diffusion-img2vid
  checkpoints/SVD svd.safetensors
stabilityai/stable-video-diffusion-img2vid-xt
  checkpoints/SVD svd_xt.safetensors
TencentARC/MotionCtrl
  checkpoints/motionctrl motionctrl.pth
`
