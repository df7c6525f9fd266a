import { type Row, same } from './row.ts'

export const TOOLS: readonly Row[] = [
  ['UltralyticsDetectorProvider', { model_name: 'bbox/face.pt' }, ['detector bbox/face.pt in ultralytics']],
  ['SAMLoader', { model_name: 'sam.pth', device_mode: 'AUTO' }, ['detector sam.pth in sams']],
  ['ONNXDetectorProvider', { model_name: 'd.onnx' }, ['detector d.onnx in onnx']],
  ['DownloadAndLoadSAM2Model', { model: 'sam2.safetensors' }, ['detector sam2.safetensors (optional) in sam2']],
  [
    'ReActorFaceSwap',
    { enabled: true, swap_model: 'swap.onnx', facedetection: 'YOLOv5l', face_restore_model: 'mend.pth' },
    ['other swap.onnx in insightface', 'other mend.pth in facerestore_models'],
  ],
  [
    'ReActorFaceSwapOpt',
    { enabled: false, swap_model: 'swap.onnx', face_restore_model: 'none' },
    ['other swap.onnx (off) in insightface'],
  ],
  ['ReActorRestoreFace', { model: 'mend.pth' }, ['other mend.pth in facerestore_models']],
  ['ReActorFaceBoost', { enabled: true, boost_model: 'mend.pth' }, ['other mend.pth in facerestore_models']],
  ['FaceRestoreModelLoader', { model_name: 'mend.pth' }, ['other mend.pth in facerestore_models']],
  ...same(
    [
      'RIFE VFI',
      'FILM VFI',
      'AMT VFI',
      'CAIN VFI',
      'FLAVR VFI',
      'GMFSS Fortuna VFI',
      'IFRNet VFI',
      'IFUnet VFI',
      'M2M VFI',
      'Sepconv VFI',
      'STMFNet VFI',
      'DepthAnythingPreprocessor',
      'DepthAnythingV2Preprocessor',
      'Zoe_DepthAnythingPreprocessor',
    ],
    { ckpt_name: 'own.pth' },
    ['other own.pth (optional)'],
  ),
  ...same(
    ['DepthAnythingV2', 'DownloadAndLoadDepthAnythingV2Model', 'LoadDepthAnythingV2Model'],
    { model: 'depth.safetensors' },
    ['other depth.safetensors (optional) in depthanything'],
  ),
  [
    'DownloadAndLoadFlorence2Model',
    { model: 'microsoft/Florence-2-base', precision: 'fp16' },
    ['other microsoft/Florence-2-base (optional) in LLM'],
  ],
  ['Florence2ModelLoader', { model: 'Florence-2-base' }, ['other Florence-2-base in LLM']],
  ['DownloadAndLoadFlorence2Lora', { model: 'org/words' }, ['lora org/words (optional) in LLM']],
  [
    'DownloadAndLoadHyVideoTextEncoder',
    { llm_model: 'org/llava', clip_model: 'disabled' },
    ['text_encoder org/llava (optional) in LLM'],
  ],
]
