using System.Globalization;
using ComfyServe.Diffusion.Text;
using ComfyServe.Testing;

namespace ComfyServe.Diffusion.Tests.Text;

public sealed class CanonicalCompositionTests
{
    [Fact]
    public void Compose_RandomMixesOfMarksAndLetters_MatchesTheUnicodeDatabase()
    {
        var wrong = File.ReadLines(RepositoryRoot.Data("text", "composition.txt"))
            .Select(line => line.Split(';'))
            .Where(pair => CanonicalComposition.Compose(Text(pair[0])) != Text(pair[1]))
            .Select(pair => pair[0]);

        Assert.Empty(wrong);
    }

    [Fact]
    public void Compose_PlainText_IsTheSameObject()
    {
        const string Plain = "plain text, déjà composed";

        Assert.Same(Plain, CanonicalComposition.Compose(Plain));
    }

    private static string Text(string codes) =>
        string.Concat(codes.Split(' ').Select(code => char.ConvertFromUtf32(int.Parse(code, NumberStyles.HexNumber))));
}
