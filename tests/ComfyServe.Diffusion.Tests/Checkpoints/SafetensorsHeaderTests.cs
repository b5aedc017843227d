using System.Text;
using ComfyServe.Diffusion.Checkpoints;
using CsCheck;

namespace ComfyServe.Diffusion.Tests.Checkpoints;

public sealed class SafetensorsHeaderTests
{
    private static readonly string[] Dtypes = ["F64", "F32", "F16", "BF16", "I64", "I32", "U8", "BOOL"];

    private static readonly Gen<(string Name, SafetensorsDtype Dtype, long[] Shape)> GenTensor = Gen.Select(
        Gen.String[1, 12],
        Gen.Int[0, Dtypes.Length - 1].Select(i => SafetensorsDtype.Find(Dtypes[i])!),
        Gen.Long[0, 5].Array[0, 4]);

    private static readonly Gen<(string Name, SafetensorsDtype Dtype, long[] Shape)[]> GenTensors =
        GenTensor.Array[0, 8].Select(list => list.DistinctBy(t => t.Name).Where(t => t.Name != "__metadata__").ToArray());

    [Fact]
    public void Parse_WrittenHeader_GivesTheSameTensors() => GenTensors.Sample(tensors =>
    {
        tensors = [.. tensors.Where(t => IsUnicode(t.Name))];
        var (json, fileLength) = Write(tensors);

        var header = SafetensorsHeader.Parse(json, fileLength, "x");

        var expected = tensors.Select(t => $"{t.Name}|{t.Dtype}|{string.Join(',', t.Shape)}").Order();
        var actual = header.Entries.Select(e => $"{e.Name}|{e.Dtype}|{string.Join(',', e.Shape)}").Order();
        Assert.Equal(expected, actual);
    });

    /// <summary>Whatever bytes are changed, dropped or doubled: either the header is refused in the one way that callers
    /// expect, or every tensor lies inside the file, has as many bytes as its shape says, and overlaps no other.</summary>
    [Fact]
    public void Parse_DamagedHeader_IsRefusedOrHarmless() =>
        Gen.Select(GenTensors, Gen.Int[0, 1_000_000], Gen.Byte, Gen.Int[0, 3], Gen.Int[-20, 20]).Sample(
            (tensors, position, value, way, lengthChange) =>
            {
                var (json, fileLength) = Write([.. tensors.Where(t => IsUnicode(t.Name))]);
                var at = position % json.Length;
                byte[] damaged = way switch
                {
                    0 => [.. json[..at], value, .. json[(at + 1)..]],
                    1 => [.. json[..at], .. json[(at + 1)..]],
                    2 => [.. json[..at], value, .. json[at..]],
                    _ => [.. json[..at], .. json[..at], .. json[at..]],
                };
                var length = Math.Max(0, fileLength + lengthChange);

                SafetensorsHeader header;
                try
                {
                    header = SafetensorsHeader.Parse(damaged, length, "x");
                }
                catch (CheckpointException)
                {
                    return;
                }

                var end = (long)SafetensorsHeader.LengthSize + damaged.Length;
                foreach (var entry in header.Entries)
                {
                    Assert.Equal(end, entry.Offset);
                    Assert.Equal(entry.Length, entry.Shape.Aggregate((long)entry.Dtype.Size, (a, b) => a * b));
                    end += entry.Length;
                }

                Assert.Equal(length, end);
            },
            iter: 20_000);

    [Fact]
    public void Parse_RandomBytes_AreRefusedAsCheckpoint() => Gen.Byte.Array[0, 60].Sample(bytes =>
    {
        bytes = [(byte)'{', .. bytes];

        var refused = false;
        try
        {
            SafetensorsHeader.Parse(bytes, 1000, "x");
        }
        catch (CheckpointException)
        {
            refused = true;
        }

        Assert.True(refused);
    });

    private static bool IsUnicode(string text) => new UTF8Encoding(false, false).GetString(Encoding.UTF8.GetBytes(text)) == text;

    private static (byte[] Json, long FileLength) Write((string Name, SafetensorsDtype Dtype, long[] Shape)[] tensors)
    {
        var header = SafetensorsHeader.Write(
            tensors.Select(t => (t.Name, t.Dtype, (IReadOnlyList<long>)t.Shape)), [new("format", "pt")]);
        var data = tensors.Sum(t => t.Shape.Aggregate((long)t.Dtype.Size, (a, b) => a * b));
        return (header[SafetensorsHeader.LengthSize..], header.Length + data);
    }
}
