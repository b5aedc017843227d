using System.Text.RegularExpressions;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Strings;
using CsCheck;

namespace ComfyServe.Engine.Tests.Nodes;

/// <summary>Regular expressions and searches end, with the results that they always had.</summary>
public sealed class RegexTimeTests
{
    private static readonly NodeContext Context = NodeCall.Context(Path.GetTempPath());

    [Theory]
    [InlineData("(a|aa)+$|!")]
    [InlineData("(a+)+$")]
    [InlineData("([a-zA-Z]+)*$")]
    [InlineData("(.*a){20}$")]
    public void Extract_PatternThatBacktracksForEver_EndsAtOnce(string pattern)
    {
        var text = string.Concat(Enumerable.Repeat(new string('a', 24) + "!", 40));

        var found = RegexNodes.Extract(text, pattern, "All Matches", false, false, false, 1, Context);

        Assert.NotNull(found);
    }

    [Fact]
    public void Match_PatternThatMustBacktrack_IsGivenUpByName()
    {
        var text = new string('a', 200);

        var exception = Assert.Throws<NodeException>(() => RegexNodes.Match(text, @"^(a+)+(?=b)\1$", false, false, false, Context));

        Assert.Contains("limit 'regex'", exception.Message);
    }

    [Theory]
    [InlineData(@"\d?b", "1 aba1b", "b\n1b")]
    [InlineData(@"b?(a)", "A\nb\néaé\nA1a", "a\na")]
    public void Extract_WhereTheLinearEngineOverlooksMatches_FindsThem(string pattern, string text, string expected) =>
        Assert.Equal(expected, RegexNodes.Extract(text, pattern, "All Matches", false, false, false, 0, Context));

    [Fact]
    public void Replace_MatchThatTakesTooLong_GoesOnFromTheLastOne()
    {
        var many = new string('a', 40);

        Assert.Equal($"<>{many}<>{many}<>", RegexNodes.Replace($"!{many}!{many}!", "(a|aa)+$|!", "<>", Context));
    }

    [Fact]
    public void Replace_Interrupted_Ends()
    {
        using var interrupt = new CancellationTokenSource();
        interrupt.Cancel();
        var context = new NodeContext { Folders = Context.Folders, Models = Context.Models, Interrupted = interrupt.Token };

        Assert.Throws<OperationCanceledException>(() => RegexNodes.Replace("aaa", "a", "b", context));
    }

    [Fact]
    public void Matches_AnyPattern_AreThePlatforms()
    {
        var atom = Of("a", "b", ".", "[ab]", "[^a]", @"\w", @"\d", "^", "$", @"\b", "(a)", "(b|ab)", "(?:a|b)", "é");
        var part = Gen.Select(atom, Of("", "", "*", "+", "?", "*?", "+?", "{1,2}"), (a, q) => a is "^" or "$" or @"\b" ? a : a + q);
        var pattern = Gen.Select(part.Array[1, 5], part.Array[0, 3]).Select(p => p.Item2.Length == 0 ? string.Concat(p.Item1) : $"{string.Concat(p.Item1)}|({string.Concat(p.Item2)})");
        var text = Of('a', 'b', 'A', '1', ' ', '\n', 'é').Array[0, 12].Select(c => new string(c));

        Gen.Select(pattern, text, Gen.Bool, Gen.Bool).Sample((p, t, ignoreCase, multiline) =>
        {
            var options = RegexOptions.CultureInvariant | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None) | (multiline ? RegexOptions.Multiline : RegexOptions.None);
            var expected = new Regex(p, options, TimeSpan.FromSeconds(10)).Matches(t).Select(m => string.Join('|', m.Groups.Values.Select(g => $"{g.Success} {g.Index} {g.Value}")));
            var actual = new RegexRun(new PythonRegex(p, ignoreCase, multiline, false), Context).Matches(t).Select(m => string.Join('|', m.Groups.Values.Select(g => $"{g.Success} {g.Index} {g.Value}")));
            return expected.SequenceEqual(actual);
        });
    }

    [Fact]
    public void IndexOf_AnyText_IsThePlatforms()
    {
        Gen.Select(Of('a', 'b').Array[0, 400].Select(c => new string(c)), Gen.Int[1, 120], Gen.Int[0, 300], Gen.Bool).Sample((text, length, start, isPart) =>
        {
            var wanted = isPart && text.Length >= start + length ? text.Substring(start, length) : new string('a', length) + "b";
            return new TextSearch(wanted).IndexOf(text, 0) == text.IndexOf(wanted, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Replace_MillionsOfEqualCharacters_TakesTimeByTheirNumber()
    {
        var text = new string('a', 4 << 20);
        var find = new string('a', 1 << 20) + "b" + new string('a', 1 << 20);

        Assert.Same(text, StringNodes.Replace(text, find, "", Context));
        Assert.False(StringNodes.Contains(text, find, true));
    }

    [Fact]
    public void Replace_AnyText_IsThePlatforms()
    {
        var word = Of('a', 'b', 'é').Array[1, 6].Select(c => new string(c));
        Gen.Select(Of('a', 'b', 'é').Array[0, 60].Select(c => new string(c)), word, word).Sample((text, find, replace) =>
            StringNodes.Replace(text, find, replace, Context) == text.Replace(find, replace, StringComparison.Ordinal));
    }

    private static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
