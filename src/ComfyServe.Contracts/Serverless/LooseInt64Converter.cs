using System.Text.Json;
using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Serverless;

/// <summary>Reads an integer that a sender may write as <c>7</c>, <c>7.0</c>, <c>"7"</c> or <c>null</c> (0).</summary>
public sealed class LooseInt64Converter : JsonConverter<long>
{
    /// <inheritdoc/>
    public override bool HandleNull => true;

    /// <inheritdoc/>
    public override long Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return 0;
            case JsonTokenType.Number when reader.TryGetInt64(out var whole):
                return whole;
            case JsonTokenType.Number when reader.TryGetDouble(out var real) && Math.Abs(real) < 1L << 53:
                return (long)real;
            case JsonTokenType.String when long.TryParse(reader.GetString(), out var parsed):
                return parsed;
            default:
                throw new JsonException("expected an integer");
        }
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
