using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using ComfyServe.Diffusion.Runtime;
using ComfyServe.Testing;
using static TorchSharp.torch;

namespace ComfyServe.Engine.Tests.Images;

/// <summary>Tensors recorded from a real ComfyUI: tests/data/golden, or the folder that COMFYSERVE_GOLDEN names.</summary>
internal sealed class GoldenTensors
{
    private readonly byte[] _content;
    private readonly JsonElement _header;
    private readonly int _start;

    public GoldenTensors(string fileName)
    {
        TorchRuntime.Initialize();
        Assert.SkipWhen(RecordedData.Missing(fileName) is not null, RecordedData.Missing(fileName) ?? "");
        _content = File.ReadAllBytes(RecordedData.Golden(fileName));
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(_content);
        _header = JsonDocument.Parse(_content.AsMemory(8, length)).RootElement;
        _start = 8 + length;
    }

    public bool Has(string name) => _header.TryGetProperty(name, out _);

    public Tensor this[string name]
    {
        get
        {
            var entry = _header.GetProperty(name);
            if (entry.GetProperty("dtype").GetString() != "F32")
            {
                throw new NotSupportedException($"tensor '{name}' is not float32");
            }

            var shape = entry.GetProperty("shape").EnumerateArray().Select(n => n.GetInt64()).ToArray();
            var offsets = entry.GetProperty("data_offsets").EnumerateArray().Select(n => n.GetInt32()).ToArray();
            var values = MemoryMarshal.Cast<byte, float>(_content.AsSpan(_start + offsets[0], offsets[1] - offsets[0]));
            var result = zeros(shape);
            if (values.Length > 0)
            {
                MemoryMarshal.AsBytes(values).CopyTo(result.bytes);
            }

            return result;
        }
    }
}
