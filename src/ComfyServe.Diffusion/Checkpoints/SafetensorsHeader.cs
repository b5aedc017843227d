using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ComfyServe.Diffusion.Checkpoints;

/// <summary>Reads, checks and writes the JSON header of a safetensors file. Pure: bytes in, entries out.</summary>
/// <remarks>
/// Layout (https://github.com/huggingface/safetensors, "Format"): u64 little-endian header length, JSON, data. Nothing
/// in a header is trusted: lengths, offsets, shapes and names are checked before anything is read or allocated by them.
/// </remarks>
internal sealed class SafetensorsHeader
{
    /// <summary>Bytes before the JSON.</summary>
    public const int LengthSize = 8;

    /// <summary>The format's own limit for the JSON's length.</summary>
    public const long MaxLength = 100_000_000;

    private const string MetadataKey = "__metadata__";
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private SafetensorsHeader(List<SafetensorsEntry> entries, Dictionary<string, string> metadata) =>
        (Entries, Metadata) = (entries, metadata);

    /// <summary>The tensors, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The free-form strings under <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads and checks the length of the JSON.</summary>
    /// <param name="start">The first bytes of the file, 8 or more.</param>
    /// <param name="fileLength">Length of the whole file in bytes.</param>
    /// <param name="file">The file's name, for messages.</param>
    public static int ReadLength(ReadOnlySpan<byte> start, long fileLength, string file)
    {
        if (start.Length >= 4 && (start[..4].SequenceEqual("PK\u0003\u0004"u8) || (start[0] == 0x80 && start[1] is >= 2 and <= 5)))
        {
            throw new CheckpointException(
                $"'{file}' is a pickled PyTorch checkpoint (.ckpt, .pt, .bin); loading one runs code that it carries, so it is refused: convert it to .safetensors and load that");
        }

        if (start.Length < LengthSize)
        {
            throw new CheckpointException($"'{file}' is {fileLength} bytes long, too short for a safetensors file; fetch it again");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > (ulong)MaxLength)
        {
            throw new CheckpointException($"'{file}' announces a header of {length} bytes, above the limit of {MaxLength}; it is not a safetensors file") { Fault = CheckpointFault.HeaderTooLarge };
        }

        if ((long)length > fileLength - LengthSize)
        {
            throw new CheckpointException($"'{file}' announces a header of {length} bytes but has only {fileLength - LengthSize} after the length; it is truncated, fetch it again");
        }

        return (int)length;
    }

    /// <summary>Parses and checks the JSON.</summary>
    /// <param name="json">The header's bytes without the length.</param>
    /// <param name="fileLength">Length of the whole file in bytes.</param>
    /// <param name="file">The file's name, for messages.</param>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long fileLength, string file)
    {
        if (json.IsEmpty || json[0] != (byte)'{')
        {
            throw new CheckpointException($"'{file}' has no JSON object as header; it is not a safetensors file");
        }

        try
        {
            var dataStart = LengthSize + json.Length;
            var entries = new List<SafetensorsEntry>();
            var names = new HashSet<string>(StringComparer.Ordinal);
            Dictionary<string, string> metadata = [];
            var reader = new Utf8JsonReader(json);
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                if (!names.Add(name))
                {
                    throw new CheckpointException($"'{file}' names the tensor '{name}' twice; the file is corrupt");
                }

                reader.Read();
                if (name == MetadataKey)
                {
                    metadata = ReadMetadata(ref reader, file);
                }
                else
                {
                    entries.Add(ReadEntry(ref reader, name, dataStart, fileLength, file));
                }
            }

            // Throws on anything but spaces after the object.
            while (reader.Read())
            {
            }

            entries.Sort(static (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Length.CompareTo(b.Length));
            CheckCoverage(entries, dataStart, fileLength, file);
            return new SafetensorsHeader(entries, metadata);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string in the JSON is not valid UTF-8 or UTF-16.
            throw new CheckpointException($"'{file}' has a header that is not valid JSON: {exception.Message}", exception);
        }
    }

    /// <summary>Writes length and JSON for tensors that are already laid out one after another.</summary>
    /// <param name="tensors">Name, type and shape, in the order of the data.</param>
    /// <param name="metadata">Written first, in this order.</param>
    public static byte[] Write(
        IEnumerable<(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape)> tensors,
        IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataKey);
            foreach (var (key, value) in metadata)
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            var offset = 0L;
            foreach (var (name, dtype, shape) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", dtype.Name);
                json.WriteStartArray("shape");
                var length = (long)dtype.Size;
                foreach (var size in shape)
                {
                    json.WriteNumberValue(size);
                    length = checked(length * size);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += length);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Padded with spaces, so that the data starts at a multiple of 8.
        var padded = (buffer.WrittenCount + 7) / 8 * 8;
        var header = new byte[LengthSize + padded];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)padded);
        buffer.WrittenSpan.CopyTo(header.AsSpan(LengthSize));
        header.AsSpan(LengthSize + buffer.WrittenCount).Fill((byte)' ');
        return header;
    }

    private static Dictionary<string, string> ReadMetadata(ref Utf8JsonReader reader, string file)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new CheckpointException($"'{file}' has a '{MetadataKey}' that is not an object; the file is corrupt");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String || !metadata.TryAdd(key, reader.GetString()!))
            {
                throw new CheckpointException($"'{file}' has a '{MetadataKey}' entry '{key}' that is not one string; the file is corrupt");
            }
        }

        return metadata;
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name, long dataStart, long fileLength, string file)
    {
        string? dtypeName = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        var fields = 0;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new CheckpointException($"'{file}' describes the tensor '{name}' with something else than an object; the file is corrupt");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.GetString();
            reader.Read();
            fields++;
            switch (field)
            {
                case "dtype" when reader.TokenType == JsonTokenType.String && dtypeName is null:
                    dtypeName = reader.GetString();
                    break;
                case "shape" when shape is null:
                    shape = ReadSizes(ref reader, name, field, file);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadSizes(ref reader, name, field, file);
                    break;
                default:
                    throw new CheckpointException($"'{file}' describes the tensor '{name}' with an unexpected or repeated field '{field}'; the file is corrupt");
            }
        }

        if (dtypeName is null || shape is null || offsets is not [var begin, var end])
        {
            throw new CheckpointException($"'{file}' does not give the tensor '{name}' its dtype, shape and two data_offsets; the file is corrupt");
        }

        var dtype = SafetensorsDtype.Find(dtypeName)
            ?? throw new CheckpointException($"'{file}' stores the tensor '{name}' with the unknown dtype '{dtypeName}'");
        if (begin > end || end > fileLength - dataStart)
        {
            throw new CheckpointException(
                $"'{file}' places the tensor '{name}' at bytes {begin} to {end} of {fileLength - dataStart}; the file is corrupt or truncated, fetch it again");
        }

        if (!TryMultiply(shape, dtype.Size, out var length) || length != end - begin)
        {
            throw new CheckpointException(
                $"'{file}' gives the tensor '{name}' {end - begin} bytes, which does not fit its shape [{string.Join(", ", shape)}] of {dtype.Name}; the file is corrupt");
        }

        return new SafetensorsEntry(name, dtype, shape, dataStart + begin, length);
    }

    private static List<long> ReadSizes(ref Utf8JsonReader reader, string name, string field, string file)
    {
        var sizes = new List<long>();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var size) && size >= 0)
            {
                sizes.Add(size);
            }
        }

        return reader.TokenType == JsonTokenType.EndArray
            ? sizes
            : throw new CheckpointException($"'{file}' gives the tensor '{name}' a '{field}' that is not a list of whole numbers from 0; the file is corrupt");
    }

    private static bool TryMultiply(List<long> shape, int elementSize, out long length)
    {
        Int128 product = elementSize;
        foreach (var size in shape)
        {
            product *= size;
            if (product > long.MaxValue)
            {
                length = 0;
                return false;
            }
        }

        length = (long)product;
        return true;
    }

    /// <summary>The format wants every byte of the data to belong to exactly one tensor.</summary>
    private static void CheckCoverage(List<SafetensorsEntry> entries, long dataStart, long fileLength, string file)
    {
        var expected = dataStart;
        foreach (var entry in entries)
        {
            if (entry.Offset != expected)
            {
                var what = entry.Offset < expected ? "overlaps the tensor before it" : "leaves a hole before it";
                throw new CheckpointException($"'{file}' has a tensor '{entry.Name}' that {what}; the file is corrupt");
            }

            expected += entry.Length;
        }

        if (expected != fileLength)
        {
            throw new CheckpointException($"'{file}' has {fileLength - expected} bytes that belong to no tensor; the file is corrupt") { Fault = CheckpointFault.WrongLength };
        }
    }
}
