using System.Buffers.Binary;
using System.Text;
using ComfyServe.Diffusion.Checkpoints;
using ComfyServe.Diffusion.Runtime;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    static SafetensorsFileTests() => TorchRuntime.Initialize();

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void Read_WrittenTensor_IsTheSame(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var original = arange(0, 60, ScalarType.Float32).view(3, 4, 5).to(dtype);

        SafetensorsWriter.Write(_folder["a"], new Dictionary<string, Tensor> { ["t"] = original, ["scalar"] = tensor(7L), ["none"] = zeros(0, 3) });
        using var file = SafetensorsFile.Open(_folder["a"]);
        var read = file.Read("t");

        Assert.Equal(dtype, read.dtype);
        Assert.Equal([3, 4, 5], read.shape);
        Assert.Equal(original.to(ScalarType.Float64).data<double>().ToArray(), read.to(ScalarType.Float64).data<double>().ToArray());
        Assert.Equal(7, file.Read("scalar").item<long>());
        Assert.Equal([0, 3], file.Read("none").shape);
    }

    [Fact]
    public void Read_OtherDtype_Converts()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder["a"], new Dictionary<string, Tensor> { ["t"] = tensor([1.5f, -2f]).to(ScalarType.Float16) });

        using var file = SafetensorsFile.Open(_folder["a"]);
        var read = file.Read("t", ScalarType.BFloat16);

        Assert.Equal(ScalarType.BFloat16, read.dtype);
        Assert.Equal([1.5f, -2f], read.to(ScalarType.Float32).data<float>().ToArray());
    }

    [Fact]
    public void Read_StridedTensor_WasStoredContiguous()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder["a"], new Dictionary<string, Tensor> { ["t"] = arange(0, 6, ScalarType.Float32).view(2, 3).t() });

        using var file = SafetensorsFile.Open(_folder["a"]);

        Assert.Equal([0, 3, 1, 4, 2, 5], file.Read("t").data<float>().ToArray());
    }

    [Fact]
    public void Read_DataAtAnOddOffset_IsTheSame()
    {
        using var scope = NewDisposeScope();
        var data = new byte[8];
        BinaryPrimitives.WriteSingleLittleEndian(data, 1.25f);
        BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(4), -3f);
        WriteRaw("""{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} """, data, padTo: 61);

        using var file = SafetensorsFile.Open(_folder["raw"]);

        Assert.NotEqual(0, file.Entries[0].Offset % 4);
        Assert.Equal([1.25f, -3f], file.Read("t").data<float>().ToArray());
    }

    [Fact]
    public void Read_AfterDispose_Throws()
    {
        SafetensorsWriter.Write(_folder["a"], new Dictionary<string, Tensor>());
        var file = SafetensorsFile.Open(_folder["a"]);

        file.Dispose();

        Assert.Throws<ObjectDisposedException>(() => file.Read("t"));
    }

    [Fact]
    public void Read_TensorOutlivesTheFile()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder["a"], new Dictionary<string, Tensor> { ["t"] = ones(100_000) });
        var file = SafetensorsFile.Open(_folder["a"]);

        var read = file.Read("t");
        file.Dispose();
        File.Delete(_folder["a"]);

        Assert.Equal(100_000, read.sum().item<float>());
    }

    [Fact]
    public void Open_Metadata_IsExposed()
    {
        SafetensorsWriter.Write(_folder["a"], new Dictionary<string, Tensor>(), new Dictionary<string, string> { ["comfyserve.num_heads"] = "4" });

        using var file = SafetensorsFile.Open(_folder["a"]);

        Assert.Equal("4", file.Metadata["comfyserve.num_heads"]);
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Theory]
    [InlineData("PK\u0003\u0004 and so on")]
    [InlineData("\u0080\u0002}q")]
    public void Open_Pickle_IsRefusedWithAWayOut(string start)
    {
        File.WriteAllBytes(_folder["a.ckpt"], Encoding.Latin1.GetBytes(start));

        var refusal = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder["a.ckpt"]));

        Assert.Contains("convert it to .safetensors", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("too short", "")]
    [InlineData("above the limit", "\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff{}")]
    [InlineData("above the limit", "\u0001\u00e1\u00f5\u0005\u0000\u0000\u0000\u0000{}")]
    [InlineData("truncated", "\u0009\u0000\u0000\u0000\u0000\u0000\u0000\u0000{}")]
    public void Open_BrokenLength_IsRefused(string reason, string content)
    {
        File.WriteAllBytes(_folder["a"], Encoding.Latin1.GetBytes(content));

        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder["a"])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no JSON object", "")]
    [InlineData("no JSON object", "[]")]
    [InlineData("not valid JSON", "{")]
    [InlineData("not valid JSON", "{}{}")]
    [InlineData("not valid JSON", """{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}""")]
    [InlineData("something else than an object", """{"t":1}""")]
    [InlineData("unexpected or repeated field", """{"t":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""")]
    [InlineData("unexpected or repeated field", """{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}""")]
    [InlineData("dtype, shape and two data_offsets", """{"t":{"dtype":"F32","shape":[2]}}""")]
    [InlineData("dtype, shape and two data_offsets", """{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}}""")]
    [InlineData("unknown dtype", """{"t":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}""")]
    [InlineData("whole numbers", """{"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""")]
    [InlineData("whole numbers", """{"t":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""")]
    [InlineData("whole numbers", """{"t":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""")]
    [InlineData("whole numbers", """{"t":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}""")]
    [InlineData("places the tensor", """{"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""")]
    [InlineData("places the tensor", """{"t":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""")]
    [InlineData("does not fit its shape", """{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""")]
    [InlineData("does not fit its shape", """{"t":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904,2],"data_offsets":[0,8]}}""")]
    [InlineData("does not fit its shape", """{"t":{"dtype":"F32","shape":[4611686018427387906],"data_offsets":[0,8]}}""")]
    [InlineData("twice", """{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"t":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}""")]
    [InlineData("overlaps", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""")]
    [InlineData("hole", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""")]
    [InlineData("belong to no tensor", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""")]
    [InlineData("not an object", """{"__metadata__":[]}""")]
    [InlineData("not one string", """{"__metadata__":{"a":1}}""")]
    [InlineData("not one string", """{"__metadata__":{"a":"1","a":"2"}}""")]
    [InlineData("not valid JSON", "{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}")]
    public void Open_HostileHeader_IsRefused(string reason, string json)
    {
        WriteRaw(json, new byte[8]);

        Assert.Contains(reason, Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder["raw"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TensorOfAnUnsupportedType_IsRefusedAlone()
    {
        WriteRaw("""{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", new byte[8]);

        using var file = SafetensorsFile.Open(_folder["raw"]);

        Assert.Contains("not supported", Assert.Throws<CheckpointException>(() => file.Read("a")).Message, StringComparison.Ordinal);
        using var read = file.Read("b");
        Assert.Equal(0, read.item<float>());
    }

    [Fact]
    public void Write_UnsupportedType_LeavesTheOldFileAlone()
    {
        File.WriteAllText(_folder["a"], "old");
        using var complex = zeros(2, ScalarType.ComplexFloat32);

        Assert.Throws<CheckpointException>(() => SafetensorsWriter.Write(_folder["a"], new Dictionary<string, Tensor> { ["t"] = complex }));

        Assert.Equal("old", File.ReadAllText(_folder["a"]));
    }

    public void Dispose() => _folder.Dispose();

    private void WriteRaw(string json, byte[] data, int padTo = 0)
    {
        var header = Encoding.UTF8.GetBytes(json.PadRight(padTo));
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        File.WriteAllBytes(_folder["raw"], [.. length, .. header, .. data]);
    }
}
