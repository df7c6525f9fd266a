/** Text encoders, VAEs and image encoders, in the form that `read-table.ts` reads. */
export const PARTS = `
black-forest-labs/FLUX.1-schnell
  vae/FLUX1 ae.safetensors
city96/t5-v1_1-xxl-encoder-gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-f16.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-f32.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-Q3_K_L.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-Q3_K_M.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-Q3_K_S.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-Q4_K_M.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-Q4_K_S.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-Q5_K_M.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-Q5_K_S.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-Q6_K.gguf
  text_encoders/t5 t5-v1_1-xxl-encoder-Q8_0.gguf
Comfy-Org/ace_step_1.5_ComfyUI_files
  vae split_files/vae/ace_1.5_vae.safetensors 6de92e3a862acd287e08b024ac90f0783a8635451b728721a33ff03565bcb2bb
Comfy-Org/flux2-dev
  vae split_files/vae/flux2-vae.safetensors d64f3a68e1cc4f9f4e29b6e0da38a0204fe9a49f2d4053f0ec1fa1ca02f9c4b5
Comfy-Org/HunyuanImage_2.1_ComfyUI
  vae split_files/vae/hunyuan_image_2.1_vae_fp16.safetensors f2ae19863609206196b5e3a86bfd94f67bd3866f5042004e3994f07e3c93b2f9
  vae split_files/vae/hunyuan_image_refiner_vae_fp16.safetensors =hunyuan_image_2.1_refiner_vae_fp16.safetensors e1b74e85d61b65e18cc05ca390e387d93cfadf161e737de229ebb800ea3db769
Comfy-Org/HunyuanVideo_1.5_repackaged
  vae split_files/vae/hunyuanvideo15_vae_fp16.safetensors e7c3091949c27e2d55ae6d5df917b99dadfebbf308e5a50d0ade0d16c90297ae
Comfy-Org/HunyuanVideo_repackaged
  text_encoders split_files/text_encoders/llava_llama3_fp16.safetensors
  text_encoders split_files/text_encoders/llava_llama3_fp8_scaled.safetensors
  text_encoders split_files/clip_vision/llava_llama3_vision.safetensors
  vae split_files/vae/hunyuan_video_vae_bf16.safetensors e8f8553275406d84ccf22e7a47601650d8f98bdb8aa9ccfdd6506b57a9701aed
Comfy-Org/MiniMax-H3
  vae vae/minimax_h3_audio_vae_fp32.safetensors 8e505d95dd1561d47abd43d4238fd40d9bb1ae9e147ed0a4cba778d76ae4db48
  vae vae/minimax_h3_video_vae_fp16.safetensors 7c1f131492e7eddacaac9069a61b81bdd39de5cc96561e677c5eab1cdce5e522
Comfy-Org/MiniMax-Music-3
  vae vae/minimax_music3_dav.safetensors 2a32155b769be01445fcc2a8663b910fc9e1751e18dc1c3ec528064512d9ef0c
Comfy-Org/mochi_preview_repackaged
  vae split_files/vae/mochi_vae.safetensors 1be451cec94b911980406169286babc5269e7cf6a94bbbbdf45e8d3f2c961083
Comfy-Org/Omnigen2_ComfyUI_repackaged
  text_encoders split_files/text_encoders/qwen_2.5_vl_fp16.safetensors
Comfy-Org/Qwen-Image_ComfyUI
  text_encoders/qwen split_files/text_encoders/qwen_2.5_vl_7b.safetensors
  text_encoders/qwen split_files/text_encoders/qwen_2.5_vl_7b_fp8_scaled.safetensors
  vae split_files/vae/qwen_image_vae.safetensors a70580f0213e67967ee9c95f05bb400e8fb08307e017a924bf3441223e023d1f
Comfy-Org/SeedVR2
  vae vae/seedvr2_ema_vae_fp16.safetensors 20678548f420d98d26f11442d3528f8b8c94e57ee046ef93dbb7633da8612ca1
Comfy-Org/sigclip_vision_384
  clip_vision sigclip_vision_patch14_384.safetensors
Comfy-Org/stable-diffusion-3.5-fp8
  text_encoders text_encoders/clip_g.safetensors
  text_encoders text_encoders/clip_l.safetensors
Comfy-Org/Wan_2.1_ComfyUI_repackaged
  clip_vision split_files/clip_vision/clip_vision_h.safetensors
  text_encoders split_files/text_encoders/umt5_xxl_fp16.safetensors
  text_encoders split_files/text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors
  vae split_files/vae/wan_2.1_vae.safetensors 2fc39d31359a4b0a64f55876d8ff7fa8d780956ae2cb13463b0223e15148976b
Comfy-Org/Wan_2.2_ComfyUI_Repackaged
  vae split_files/vae/wan2.2_vae.safetensors e40321bd36b9709991dae2530eb4ac303dd168276980d3e9bc4b6e2b75fed156
comfyanonymous/cosmos_1.0_text_encoder_and_VAE_ComfyUI
  vae vae/cosmos_cv8x8x8_1.0.safetensors e4478fa8629160d16262276e52bdea91ecef636b005a2a29e93a3d7764e0863b
comfyanonymous/flux_text_encoders
  text_encoders/t5 t5xxl_fp16.safetensors
  text_encoders/t5 t5xxl_fp8_e4m3fn.safetensors
  text_encoders/t5 t5xxl_fp8_e4m3fn_scaled.safetensors
Efficient-Large-Model/Sana_1600M_1024px_diffusers@38ebe9b227c30cf6b35f2b7871375e9a28c0ccce
  vae vae/diffusion_pytorch_model.safetensors =sana_dcae_vae.safetensors 25a1d9ac3b3422160ce8a4b5454ed917f103bb18e30fc1b307dec66375167bb8
h94/IP-Adapter
  clip_vision sdxl_models/image_encoder/model.safetensors =CLIP-ViT-bigG-14-laion2B-39B-b160k.safetensors
  clip_vision models/image_encoder/model.safetensors =CLIP-ViT-H-14-laion2B-s32B-b79K.safetensors
https://github.com/madebyollin/taesd/raw/main
  vae_approx taef1_decoder.pth
  vae_approx taef1_encoder.pth
  vae_approx taesd3_decoder.pth
  vae_approx taesd3_encoder.pth
  vae_approx taesd_decoder.pth
  vae_approx taesd_encoder.pth
  vae_approx taesdxl_decoder.pth
  vae_approx taesdxl_encoder.pth
Kijai/LTX2.3_comfy
  vae vae/LTX23_audio_vae_bf16.safetensors 5bc10fa4adecf99dda132d916e23048cbd56797702c5fa50eb5d2079048a38c3
  vae vae/LTX23_video_vae_bf16.safetensors 01ea62d09bc139f95c5dee7b5c062ad6a3e6cd8be910a1983ac02e7eb5b8ee3b
Kijai/LTXV2_comfy
  vae VAE/LTX2_audio_vae_bf16.safetensors =LTX2_audio_vae.safetensors f00fcace3ef1ebfa6dca9fcb4b925df47d57f826ae7df3bc8fb98f577f213204
  vae VAE/LTX2_video_vae_bf16.safetensors =LTX2_video_vae.safetensors 8ea083ef4e7118c7fb5c78834fc6b76106bd31464b0c7912bb9dbc7557b0b91d
Kijai/MiniMax-H3-experimental
  vae minimax_h3_video_vae_int8_convrot.safetensors 9bb2d96f218c76babd85e0611b85ca8fb330a90546c01a0005e8a58a59593410
Lightricks/LTX-2.5
  text_encoders text_encoders/gemma4-12b-with-proj-ltx-2.5-bf16.safetensors
  text_encoders text_encoders/gemma4-12b-with-proj-ltx-2.5-comfy-int8-convrot.safetensors
  vae vae/ltx-2.5-audio-vae-bf16.safetensors
  vae vae/ltx-2.5-video-vae-bf16.safetensors
  vae vae/ltx-2.5-video-vae-conv-bf16.safetensors
madebyollin/sdxl-vae-fp16-fix
  vae sdxl_vae.safetensors 235745af8d86bf4a4c1b5b4f529868b37019a10f7c0b2e79ad0abca3a22bc6e1
mcmonkey/swarm-vaes
  vae flux_ae.safetensors =ae.safetensors afc8e28272cd15db3919bacdb6918ce9c1ed22e96cb12c4d5ed0fba823529e38
  vae ltx-2.5-audio-vae-bf16.safetensors c52733d37f6a7fb7949c3dc0fb468c6cb2169e4d836983a73babb9f0d54837a5
  vae ltx-2.5-video-vae-conv-bf16.safetensors 685b06ee3d9b2039647698fc4ea33175112462fc374e2777312c907897dfce8d
  vae sd35_vae.safetensors 6ad8546282f0f74d6a1184585f1c9fe6f1509f38f284e7c4f7ed578554209859
microsoft/Mage-Flow
  vae vae/diffusion_pytorch_model.safetensors =mage_flow_vae.safetensors 34e076dc1e8a15321e1e07be5111d59cf16dd10b804b7c7e20b4de29013427e0
openai/clip-vit-large-patch14
  clip_vision model.safetensors =clip-vit-large-patch14.safetensors
stabilityai/control-lora
  clip_vision revision/clip_vision_g.safetensors
stabilityai/sd-vae-ft-mse-original
  vae/SD1.5 vae-ft-mse-840000-ema-pruned.safetensors
stabilityai/sdxl-vae
  vae/SDXL sdxl_vae.safetensors
stabilityai/stable-cascade
  text_encoders/Stable-Cascade text_encoder/model.safetensors
  vae/Stable-Cascade effnet_encoder.safetensors
  vae/Stable-Cascade stage_a.safetensors
wsbagnsv1/ltxv-13b-0.9.7-dev-GGUF@c4296d06bab7719ce08e68bfa7a35042898e538b
  vae ltxv-13b-0.9.7-vae-BF16.safetensors =ltxv_vae.safetensors ee5ddcebc0b92d81b8aed9ee43445b7a4e66df1acf180678c5aa40e82f898dc5
`
