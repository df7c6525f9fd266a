/** ControlNets, IP-Adapters, LoRAs, upscalers, detectors and face restorers, in the form that `read-table.ts` reads. */
export const ADD_ONS = `
Bingsu/adetailer
  ultralytics/bbox face_yolov8m.pt
  ultralytics/bbox face_yolov8n.pt
  ultralytics/bbox face_yolov8n_v2.pt
  ultralytics/bbox face_yolov8s.pt
  ultralytics/bbox hand_yolov8n.pt
  ultralytics/bbox hand_yolov8s.pt
  ultralytics/segm deepfashion2_yolov8s-seg.pt
  ultralytics/segm person_yolov8m-seg.pt
  ultralytics/segm person_yolov8n-seg.pt
  ultralytics/segm person_yolov8s-seg.pt
Comfy-Org/Qwen-Image-InstantX-ControlNets
  controlnet/qwen-image/instantx split_files/controlnet/Qwen-Image-InstantX-ControlNet-Inpainting.safetensors
  controlnet/qwen-image/instantx split_files/controlnet/Qwen-Image-InstantX-ControlNet-Union.safetensors
comfyanonymous/ControlNet-v1-1_fp16_safetensors
  controlnet/1.5 control_v11e_sd15_ip2p_fp16.safetensors
  controlnet/1.5 control_v11e_sd15_shuffle_fp16.safetensors
  controlnet/1.5 control_v11f1e_sd15_tile_fp16.safetensors
  controlnet/1.5 control_v11f1p_sd15_depth_fp16.safetensors
  controlnet/1.5 control_v11p_sd15_canny_fp16.safetensors
  controlnet/1.5 control_v11p_sd15_inpaint_fp16.safetensors
  controlnet/1.5 control_v11p_sd15_lineart_fp16.safetensors
  controlnet/1.5 control_v11p_sd15_mlsd_fp16.safetensors
  controlnet/1.5 control_v11p_sd15_normalbae_fp16.safetensors
  controlnet/1.5 control_v11p_sd15_openpose_fp16.safetensors
  controlnet/1.5 control_v11p_sd15_scribble_fp16.safetensors
  controlnet/1.5 control_v11p_sd15_seg_fp16.safetensors
  controlnet/1.5 control_v11p_sd15_softedge_fp16.safetensors
  controlnet/1.5 control_v11p_sd15s2_lineart_anime_fp16.safetensors
  controlnet/1.5 control_v11u_sd15_tile_fp16.safetensors
h94/IP-Adapter
  ipadapter models/ip-adapter-full-face_sd15.safetensors
  ipadapter models/ip-adapter-plus-face_sd15.safetensors
  ipadapter sdxl_models/ip-adapter-plus-face_sdxl_vit-h.safetensors
  ipadapter models/ip-adapter-plus_sd15.safetensors
  ipadapter sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors
  ipadapter models/ip-adapter_sd15.safetensors
  ipadapter models/ip-adapter_sd15_light.safetensors
  ipadapter models/ip-adapter_sd15_light_v11.bin
  ipadapter models/ip-adapter_sd15_vit-G.safetensors
  ipadapter sdxl_models/ip-adapter_sdxl.safetensors
  ipadapter sdxl_models/ip-adapter_sdxl_vit-h.safetensors
h94/IP-Adapter-FaceID
  ipadapter ip-adapter-faceid-plus_sd15.bin
  ipadapter ip-adapter-faceid-plusv2_sd15.bin
  ipadapter ip-adapter-faceid-plusv2_sdxl.bin
  ipadapter ip-adapter-faceid-portrait-v11_sd15.bin
  ipadapter ip-adapter-faceid-portrait_sd15.bin
  ipadapter ip-adapter-faceid-portrait_sdxl.bin
  ipadapter ip-adapter-faceid-portrait_sdxl_unnorm.bin
  ipadapter ip-adapter-faceid_sd15.bin
  ipadapter ip-adapter-faceid_sdxl.bin
  loras ip-adapter-faceid_sd15_lora.safetensors
  loras ip-adapter-faceid_sdxl_lora.safetensors
  loras ip-adapter-faceid-plus_sd15_lora.safetensors
  loras ip-adapter-faceid-plusv2_sd15_lora.safetensors
  loras ip-adapter-faceid-plusv2_sdxl_lora.safetensors
https://github.com/cszn/KAIR/releases/download/v1.0
  upscale_models ESRGAN.pth =ESRGAN_4x.pth
https://github.com/JingyunLiang/SwinIR/releases/download/v0.0
  upscale_models 003_realSR_BSRGAN_DFOWMFC_s64w8_SwinIR-L_x4_GAN.pth =SwinIR_4x.pth
https://github.com/sczhou/CodeFormer/releases/download/v0.1.0
  facerestore_models codeformer.pth =codeformer-v0.1.0.pth 1009e537e0c2a07d4cabce6355f53cb66767cd4b4297ec7a4a64ca4b8a5684b7
https://github.com/TencentARC/GFPGAN/releases/download/v1.3.0
  facerestore_models GFPGANv1.4.pth e2cd4703ab14f4d01fd1383a8a8b266f9a5833dacee8e6a79d3bf21a1b6be5ad
https://github.com/xinntao/Real-ESRGAN/releases/download/v0.1.0
  upscale_models RealESRGAN_x4plus.pth 4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1
https://github.com/xinntao/Real-ESRGAN/releases/download/v0.2.2.4
  upscale_models RealESRGAN_x4plus_anime_6B.pth f872d837d3c90ed2e05227bed711af5671a6fd1c9f7d7e91c911a61f155e99da
Kijai/flux-fp8
  controlnet/FLUX.1 flux_shakker_labs_union_pro-fp8_e4m3fn.safetensors
Kim2091/AnimeSharp
  upscale_models 4x-AnimeSharp.pth
Kim2091/UltraSharp
  upscale_models 4x-UltraSharp.pth
Lightricks/LTX-2
  upscale_models ltx-2-spatial-upscaler-x2-1.0.safetensors
  upscale_models ltx-2-temporal-upscaler-x2-1.0.safetensors
Lightricks/LTX-2.3
  latent_upscale_models ltx-2.3-spatial-upscaler-x1.5-1.0.safetensors
  latent_upscale_models ltx-2.3-spatial-upscaler-x2-1.1.safetensors
  latent_upscale_models ltx-2.3-temporal-upscaler-x2-1.0.safetensors
Lightricks/LTX-2.5
  latent_upscale_models latent_upscale_models/ltx-2.5-latent-spatial-upscaler-x2-bf16-1.0.safetensors
  latent_upscale_models latent_upscale_models/ltx-2.5-latent-temporal-upscaler-x2-bf16-1.0.safetensors
Lightricks/LTX-Video
  upscale_models ltxv-spatial-upscaler-0.9.7.safetensors
  upscale_models ltxv-temporal-upscaler-0.9.7.safetensors
lllyasviel/misc
  loras sdxl_lcm_lora.safetensors
mashb1t/misc
  loras sdxl_lightning_4step_lora.safetensors
  loras sdxl_hyper_sd_4step_lora.safetensors
ostris/ip-composition-adapter
  ipadapter ip_plus_composition_sd15.safetensors
  ipadapter ip_plus_composition_sdxl.safetensors
stabilityai/control-lora
  controlnet/SDXL control-LoRAs-rank128/control-lora-canny-rank128.safetensors
  controlnet/SDXL control-LoRAs-rank256/control-lora-canny-rank256.safetensors
  controlnet/SDXL control-LoRAs-rank128/control-lora-depth-rank128.safetensors
  controlnet/SDXL control-LoRAs-rank256/control-lora-depth-rank256.safetensors
  controlnet/SDXL control-LoRAs-rank128/control-lora-recolor-rank128.safetensors
  controlnet/SDXL control-LoRAs-rank256/control-lora-recolor-rank256.safetensors
  controlnet/SDXL control-LoRAs-rank128/control-lora-sketch-rank128-metadata.safetensors
  controlnet/SDXL control-LoRAs-rank256/control-lora-sketch-rank256.safetensors
stabilityai/stable-diffusion-3.5-controlnets
  controlnet/SD3.5 sd3.5_large_controlnet_blur.safetensors
  controlnet/SD3.5 sd3.5_large_controlnet_canny.safetensors
  controlnet/SD3.5 sd3.5_large_controlnet_depth.safetensors
xinsir/anime-painter
  controlnet/SDXL/controlnet-scribble-sdxl-1.0-anime diffusion_pytorch_model.safetensors
xinsir/controlnet-canny-sdxl-1.0
  controlnet/SDXL/controlnet-canny-sdxl-1.0 diffusion_pytorch_model_V2.safetensors
xinsir/controlnet-depth-sdxl-1.0
  controlnet/SDXL/controlnet-depth-sdxl-1.0 diffusion_pytorch_model.safetensors
xinsir/controlnet-openpose-sdxl-1.0
  controlnet/SDXL/controlnet-openpose-sdxl-1.0 diffusion_pytorch_model.safetensors
  controlnet/SDXL/controlnet-openpose-sdxl-1.0 diffusion_pytorch_model_twins.safetensors
xinsir/controlnet-scribble-sdxl-1.0
  controlnet/SDXL/controlnet-scribble-sdxl-1.0 diffusion_pytorch_model.safetensors
xinsir/controlnet-tile-sdxl-1.0
  controlnet/SDXL/controlnet-tile-sdxl-1.0 diffusion_pytorch_model.safetensors
xinsir/controlnet-union-sdxl-1.0
  controlnet/SDXL/controlnet-union-sdxl-1.0 diffusion_pytorch_model.safetensors
  controlnet/SDXL/controlnet-union-sdxl-1.0 diffusion_pytorch_model_promax.safetensors
`
