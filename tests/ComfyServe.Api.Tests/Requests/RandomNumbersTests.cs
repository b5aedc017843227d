using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Api.Requests;
using ComfyServe.Contracts.Api;
using CsCheck;

namespace ComfyServe.Api.Tests.Requests;

public sealed class RandomNumbersTests
{
    [Fact]
    public void Replace_WholeValue_BecomesAnInteger()
    {
        var (json, drawn) = Replace("""{"3": {"inputs": {"seed": "__RANDOM_INT__"}}}""");

        var seed = JsonNode.Parse(json)!["3"]!["inputs"]!["seed"]!.GetValue<long>();
        Assert.InRange(seed, 0, 4294967295);
        Assert.Equal(new DrawnNumber { Path = "3.inputs.seed", Value = seed }, Assert.Single(drawn));
    }

    [Fact]
    public void Replace_InsideText_UsesOneNumberPerText()
    {
        var (json, drawn) = Replace("""["x-__RANDOM_INT__-__RANDOM_INT__", " __RANDOM_INT__", "é\u005f_RANDOM_INT__"]""");

        var texts = JsonNode.Parse(json)!.AsArray().Select(t => (string?)t).ToList();
        Assert.Equal([$"x-{drawn[0].Value}-{drawn[0].Value}", $" {drawn[1].Value}", $"é{drawn[2].Value}"], texts);
        Assert.Equal(["0", "1", "2"], drawn.Select(d => d.Path));
    }

    [Fact]
    public void Replace_TwoFields_DifferBetweenDraws()
    {
        var (json, drawn) = Replace("""{"a": "__RANDOM_INT__", "b": "__RANDOM_INT__"}""");

        Assert.Equal(2, drawn.Count);
        Assert.NotEqual(drawn[0].Value, drawn[1].Value);
        Assert.DoesNotContain("RANDOM", json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"__RANDOM_INT__": 1, "a": "_RANDOM_INT_", "b": "RANDOMINT", "c": null, "d": true, "e": 18446744073709551615, "f": 8.000000000000002, "g": "\ud800\u0041"}""")]
    [InlineData("""{ "a" : [1.0, 0.8700000000000001 , -0 , 1E5], "ü":"é" }""")]
    public void Replace_NothingToReplace_KeepsEveryByte(string json) => Assert.Equal(json, Replace(json).Json);

    [Fact]
    public void Replace_AnyPlaceInAnyNesting_FindsAllAndKeepsTheRest()
    {
        var leaf = Gen.OneOf(Gen.Const("\"__RANDOM_INT__\""), Gen.Const("\"a __RANDOM_INT__ b\""), Gen.Const("18446744073709551615"), Gen.Const("\"ü\\n\""), Gen.Const("null"));
        var value = Gen.Recursive<string>((depth, inner) => depth >= 4
            ? leaf
            : Gen.OneOf(leaf, inner.Array[0, 3].Select(items => $"[{string.Join(",", items)}]"), inner.Array[0, 3].Select(items => $"{{{string.Join(", ", items.Select((v, i) => $"\"k{i}\": {v}"))}}}")));

        value.Sample(json =>
        {
            var (replaced, drawn) = Replace(json);
            var position = 0;
            var expected = new StringBuilder();
            foreach (var number in drawn)
            {
                var at = json.IndexOf("__RANDOM_INT__", position, StringComparison.Ordinal);
                var quoted = json[at - 1] == '"';
                expected.Append(json, position, at - position - (quoted ? 1 : 0)).Append(number.Value);
                position = at + "__RANDOM_INT__".Length + (quoted ? 1 : 0);
            }

            expected.Append(json, position, json.Length - position);
            Assert.Equal(expected.ToString(), replaced);
        });
    }

    private static (string Json, List<DrawnNumber> Drawn) Replace(string json)
    {
        var drawn = new List<DrawnNumber>();
        var replaced = RandomNumbers.Replace(Encoding.UTF8.GetBytes(json), new Random(1), drawn);
        return (Encoding.UTF8.GetString(replaced.Span), drawn);
    }
}
