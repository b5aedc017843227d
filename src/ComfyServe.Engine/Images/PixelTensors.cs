using static TorchSharp.torch;

namespace ComfyServe.Engine.Images;

/// <summary>Moves pixels between 8-bit buffers and the float tensors that nodes pass around.</summary>
internal static class PixelTensors
{
    /// <summary>Interleaved bytes as a float tensor [1, height, width, channels] in 0..1.</summary>
    public static Tensor FromBytes(ReadOnlyMemory<byte> pixels, int height, int width, int channels)
    {
        using var scope = NewDisposeScope();
        var bytes = zeros([1, height, width, channels], ScalarType.Byte);
        pixels.Span.CopyTo(bytes.bytes);
        return bytes.to(ScalarType.Float32).div_(255f).MoveToOuterDisposeScope();
    }

    /// <summary>Interleaved bytes of one image [height, width, channels], each clip(255·v, 0, 255) cut, not rounded:
    /// what a PNG of the image holds.</summary>
    public static byte[] ToBytes(Tensor image)
    {
        using var scope = NewDisposeScope();
        var bytes = image.to(ScalarType.Float32).mul(255f).clamp_(0f, 255f).nan_to_num_(0).to(ScalarType.Byte).contiguous();
        return bytes.bytes.ToArray();
    }
}
