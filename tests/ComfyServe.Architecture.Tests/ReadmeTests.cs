using ComfyServe.Testing;

namespace ComfyServe.Architecture.Tests;

public sealed class ReadmeTests
{
    /// <summary>samples/client is built with everything else: as long as it is the README's sample, that compiles as printed.</summary>
    [Fact]
    public void CSharpSample_IsTheProgramThatIsBuilt()
    {
        var readme = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "README.md"));
        var program = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "samples", "client", "Program.cs"));

        var sample = Assert.Single(readme.Split("```csharp\n").Skip(1).Select(static text => text.Split("```")[0]));

        Assert.Equal(program, sample);
    }
}
