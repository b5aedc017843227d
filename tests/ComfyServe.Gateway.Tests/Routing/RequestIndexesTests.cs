using ComfyServe.Gateway.Routing;
using CsCheck;

namespace ComfyServe.Gateway.Tests.Routing;

public sealed class RequestIndexesTests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 16).Select(static i => (byte)i)];

    [Fact] // the paper's key and its test vector for the message 00 01 … 07
    public void SipHash_VectorOfEightBytes_IsThePapers() =>
        Assert.Equal(0x93f5f5799a932462UL, SipHash.Of(0x0706050403020100, 0x0706050403020100, 0x0f0e0d0c0b0a0908));

    [Fact]
    public void Next_ManyOfAnyStart_AreOwnDifferentAndNotGuessable() => Gen.Select(Gen.Long[0, (1L << 17) - 1], Gen.Byte.Array[16]).Sample((start, key) =>
    {
        var indexes = new RequestIndexes(start, key);

        var given = Enumerable.Range(0, 1_000).Select(_ => indexes.Next()).ToList();

        Assert.Equal(1_000, given.Distinct().Count());
        Assert.All(given, i => Assert.True(i > 0 && RequestIndexes.IsPossible(i) && RequestIndexes.StartOf(i) == start && indexes.MayExist(i)));

        // Neighbours and equal steps of given ones are no given ones.
        var guesses = given.SelectMany(static i => new[] { i - 1, i + 1 }).Concat(given.Zip(given.Skip(1), static (a, b) => b + (b - a))).Where(g => RequestIndexes.StartOf(g) == start);
        Assert.InRange(guesses.Count(indexes.MayExist), 0, 1);
    }, iter: 50);

    [Fact]
    public void MayExist_IndexThatIsStillToBeGiven_IsNot()
    {
        var (now, later) = (new RequestIndexes(3, Key), new RequestIndexes(3, Key));
        now.Next();
        var known = later.Next();
        var next = later.Next();

        Assert.True(now.MayExist(known));
        Assert.False(now.MayExist(next));
        Assert.True(now.MayExist((4L << 36) | 5), "another gateway's");
    }

    [Fact]
    public void Next_OtherKeyOrStart_OtherOrder()
    {
        var (one, other) = (new RequestIndexes(0, Key), new RequestIndexes(0, new byte[16]));

        Assert.NotEqual(one.Next(), other.Next());
    }
}
