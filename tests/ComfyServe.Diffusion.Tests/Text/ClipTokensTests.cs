using System.Text.Json;
using ComfyServe.Diffusion.Text;
using ComfyServe.Testing;

namespace ComfyServe.Diffusion.Tests.Text;

/// <summary>Every prompt recorded from ComfyUI's tokenizer must give the same parts, weights, ids and group numbers.</summary>
[Trait("kind", "comparison")]
public sealed class ClipTokensTests
{
    private const string Recorded = "clip_tokens_sd15.json";

    public static TheoryData<int, string> Prompts()
    {
        if (RecordedData.Missing(Recorded) is { } reason)
        {
            return [new TheoryDataRow<int, string>(0, Recorded) { Skip = reason }];
        }

        var rows = new TheoryData<int, string>();
        foreach (var prompt in Read().GetProperty("prompts").EnumerateArray())
        {
            var text = prompt.GetProperty("text").GetString()!;
            rows.Add(rows.Count, string.Concat(text.Take(40).Select(c => c is >= ' ' and <= '~' ? c : '?')));
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Prompts))]
    public void Parse_RecordedPrompt_GivesTheSameSegments(int index, string shortened)
    {
        var prompt = Read().GetProperty("prompts")[index];

        var segments = PromptWeights.Parse(prompt.GetProperty("text").GetString()!);

        var expected = prompt.GetProperty("parsed").EnumerateArray()
            .Select(part => new PromptSegment(Unescape(part[0].GetString()!), RecordedJson.Number(part[1])));
        Assert.True(expected.SequenceEqual(segments), $"'{shortened}': {string.Join(" | ", segments)}");
    }

    [Theory]
    [MemberData(nameof(Prompts))]
    public void Tokenize_RecordedPrompt_GivesTheSameTokens(int index, string shortened)
    {
        var prompt = Read().GetProperty("prompts")[index];
        var tokenizer = new PromptTokenizer(ClipTokenizer.Default);

        var tokens = tokenizer.Tokenize(prompt.GetProperty("text").GetString()!);

        var expected = prompt.GetProperty("chunks").EnumerateArray().Select(chunk => chunk.EnumerateArray()
            .Select(token => new PromptToken(token[0].GetInt32(), RecordedJson.Number(token[1]), token[2].GetInt32())).ToList()).ToList();
        Assert.Equal(expected.Count, tokens.Chunks.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            Assert.True(expected[i].SequenceEqual(tokens.Chunks[i]), $"'{shortened}' differs in chunk {i}");
        }
    }

    /// <summary>Issue 11: the record of <c>(cat:inf)</c> could not be read.</summary>
    [Theory]
    [InlineData("(cat:inf)", "[\"inf\"]")]
    [InlineData("(cat:inf)", "[Infinity]")]
    [InlineData("(cat:-infinity)", "[-Infinity]")]
    [InlineData("(cat:-inf)", "[\"-inf\"]")]
    [InlineData("(cat:nan)", "[NaN]")]
    [InlineData("(cat:nan)", "[\"nan\"]")]
    public void Parse_WeightThatJsonHasNoWordFor_IsReadAsRecorded(string prompt, string recorded)
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, recorded);

        var weight = RecordedJson.Number(RecordedJson.Read(path)[0]);

        File.Delete(path);
        Assert.Equal(Assert.Single(PromptWeights.Parse(prompt)).Weight, weight);
    }

    private static JsonElement Read() => RecordedJson.Read(RecordedData.Golden(Recorded));

    // The record shows escaped parentheses as the stand-ins that ComfyUI uses on the way.
    private static string Unescape(string text) => text.Replace("\0\u0001", ")").Replace("\0\u0002", "(");
}
