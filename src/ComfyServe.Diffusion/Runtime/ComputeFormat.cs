using TorchSharp;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>The one place that decides in which number format, memory layout and on which device a model computes.</summary>
/// <param name="Dtype">Element type of weights and activations.</param>
/// <param name="ChannelsLast">Whether 4-dimensional tensors have NHWC strides.</param>
/// <param name="DeviceType">Where the weights live.</param>
/// <remarks>
/// Only three combinations exist, because the others were measured to compute wrong results on some processors
/// (docs/architecture.md, "Measured facts"): fp32 only contiguous, bf16 only with NHWC strides, fp16 only on a GPU.
/// </remarks>
public sealed record ComputeFormat(ScalarType Dtype, bool ChannelsLast, DeviceType DeviceType)
{
    /// <summary>32-bit floats, contiguous, on the CPU: exact comparisons, training, and any processor.</summary>
    public static ComputeFormat Fp32 { get; } = new(ScalarType.Float32, ChannelsLast: false, DeviceType.CPU);

    /// <summary>16-bit brain floats with NHWC strides on the CPU: on some processors 2.5× as fast as fp32, on others slower.</summary>
    public static ComputeFormat Bf16 { get; } = new(ScalarType.BFloat16, ChannelsLast: true, DeviceType.CPU);

    /// <summary>16-bit floats with NHWC strides on the first CUDA device. Needs the build property <c>Accelerator=cuda</c>; not tried on a GPU yet.</summary>
    public static ComputeFormat Fp16Cuda { get; } = new(ScalarType.Float16, ChannelsLast: true, DeviceType.CUDA);

    /// <summary>What people call it: <c>fp32</c>, <c>bf16</c>, <c>fp16 on the GPU</c>.</summary>
    public string Name => Dtype switch
    {
        ScalarType.Float32 => "fp32",
        ScalarType.BFloat16 => "bf16",
        ScalarType.Float16 => "fp16 on the GPU",
        _ => ToString(),
    };

    /// <summary>Bytes per element.</summary>
    public int ElementSize => Dtype == ScalarType.Float32 ? 4 : 2;

    /// <summary>Converts a weight: type, device, and layout where it has four dimensions. Returns its argument when nothing changes.</summary>
    public Tensor Weight(Tensor weight) => Convert(weight, ChannelsLast && weight.dim() == 4);

    /// <summary>Converts an input of a model [B, C, H, W] or [B, N, C] to this format.</summary>
    public Tensor Activation(Tensor input) => Convert(input, ChannelsLast && input.dim() == 4);

    /// <summary>Converts a result of a model to what callers get: fp32, contiguous, on the CPU.</summary>
    public static Tensor Result(Tensor output) => output.to(ScalarType.Float32, CPU).contiguous();

    /// <inheritdoc/>
    public override string ToString() => $"{Dtype} {(ChannelsLast ? "NHWC" : "contiguous")} on {DeviceType}";

    private Tensor Convert(Tensor tensor, bool channelsLast)
    {
        // TorchSharp has no call with a memory format: the detour over permute gives NHWC strides under an NCHW shape.
        var converted = tensor.dtype == Dtype && tensor.device_type == DeviceType ? tensor : tensor.to(Dtype, new Device(DeviceType));
        return channelsLast ? converted.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : converted;
    }
}
