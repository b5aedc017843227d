using CsCheck;

namespace ComfyServe.Jobs.Tests;

public sealed class OwnerFolderTests
{
    [Fact]
    public void Of_Nobody_IsNull() => Assert.Null(OwnerFolder.Of(null));

    [Theory]
    [InlineData("alice", "Alice")]
    [InlineData("a/b", "a")]
    [InlineData("..", ".")]
    [InlineData("", " ")]
    public void Of_NamesThatLookAlike_Differ(string one, string other)
    {
        var (first, second) = (OwnerFolder.Of(one)!, OwnerFolder.Of(other)!);

        Assert.NotEqual(first, second, StringComparer.OrdinalIgnoreCase);
        Assert.True(OwnerFolder.IsOne(first) && OwnerFolder.IsOne(second));
    }

    [Fact]
    public void Of_HalfSurrogates_Differ() => Assert.NotEqual(OwnerFolder.Of("\ud800"), OwnerFolder.Of("\ud801"));

    [Fact]
    public void Of_AName_StaysTheSameForEver() => Assert.Equal("o-85dd3b4113098ce259d2b9a39919b9cd", OwnerFolder.Of("alice"));

    [Fact]
    public void Of_AnyTwoNames_AreSafeAndDiffer() => Gen.String.Array[2].Where(static names => names[0] != names[1]).Sample(static names =>
    {
        var (one, other) = (OwnerFolder.Of(names[0])!, OwnerFolder.Of(names[1])!);
        return OwnerFolder.IsOne(one) && OwnerFolder.IsOne(other) && one != other;
    });

    [Theory]
    [InlineData("o-")]
    [InlineData("o-0123456789abcdef0123456789abcde")]
    [InlineData("o-0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("p-0123456789abcdef0123456789abcdef")]
    [InlineData("o-0123456789abcdef0123456789abcd/.")]
    public void IsOne_AnotherName_IsFalse(string name) => Assert.False(OwnerFolder.IsOne(name));
}
