using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;
using CsCheck;

namespace ComfyServe.Workflows.Tests.Json;

public sealed class TolerantJsonTests
{
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String[Gen.Char[' ', '~'], 0, 12], Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Char['à', 'ÿ'], Gen.Char['一', '丿']), 0, 6], Gen.OneOf("NaN", "-Infinity", "\"NaN\"", "\\", "\\\"NaN", "𝔘 N"));

    private static readonly Gen<JsonNode?> Scalars = Gen.OneOf(
        Texts.Select(static t => (JsonNode?)JsonValue.Create(t)), Gen.Int.Select(static i => (JsonNode?)JsonValue.Create(i)), Gen.Double[-1e9, 1e9].Select(static d => (JsonNode?)JsonValue.Create(d)),
        Gen.Bool.Select(static b => (JsonNode?)JsonValue.Create(b)), Gen.Const((JsonNode?)null));

    private static readonly Gen<JsonObject> Objects = Gen.Select(Texts, Scalars, static (name, value) => (name, value)).Array[0, 6]
        .Select(static fields => new JsonObject(fields.DistinctBy(static f => f.name).Select(static f => KeyValuePair.Create(f.name, f.value?.DeepClone()))));

    private static readonly (string Name, Func<string, byte[]> Write)[] Encodings =
    [
        ("UTF-8", Encoding.UTF8.GetBytes),
        ("UTF-8 with mark", static t => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(t)]),
        ("UTF-16", static t => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(t)]),
        ("UTF-16 big-endian", static t => [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(t)]),
        ("UTF-16 without mark", Encoding.Unicode.GetBytes),
        ("UTF-16 big-endian without mark", Encoding.BigEndianUnicode.GetBytes),
        ("UTF-32", static t => [.. Encoding.UTF32.Preamble, .. Encoding.UTF32.GetBytes(t)]),
    ];

    [Fact]
    public void Normalize_AnyValueInAnyEncoding_IsTheSameValue() =>
        Gen.Select(Objects, Gen.OneOf(Encodings), Gen.Bool).Sample((value, encoding, escapes) =>
        {
            var text = value.ToJsonString(escapes ? null : new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

            var read = JsonNode.Parse(TolerantJson.Normalize(encoding.Write(text)).Span);

            Assert.True(JsonNode.DeepEquals(value, read), $"{encoding.Name}: {text}");
        }, iter: 2_000);

    [Fact]
    public void Normalize_BareWords_BecomeNullAndTextsStay() =>
        Gen.Select(Gen.OneOf("NaN", "Infinity", "-Infinity"), Texts).Array[1, 8].Sample(static items =>
        {
            var text = $"[{string.Join(',', items.Select(static i => $"{i.Item1},{JsonSerializer.Serialize(i.Item2)}"))}]";

            var read = JsonNode.Parse(TolerantJson.Normalize(Encoding.UTF8.GetBytes(text)).Span)!.AsArray();

            Assert.Equal(items.SelectMany(static i => new[] { null, i.Item2 }), read.Select(static n => (string?)n));
        }, iter: 2_000);

    [Fact]
    public void Normalize_PlainText_IsTheSameMemory()
    {
        ReadOnlyMemory<byte> text = "{\"a\": 1}"u8.ToArray();

        Assert.True(text.Equals(TolerantJson.Normalize(text)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("N")]
    [InlineData("NaNa")]
    [InlineData("\"NaN")]
    [InlineData("\"NaN\\")]
    public void Normalize_NoJson_IsLeftToTheParser(string text) => Assert.ThrowsAny<JsonException>(() => JsonNode.Parse(TolerantJson.Normalize(Encoding.UTF8.GetBytes(text)).Span));
}
