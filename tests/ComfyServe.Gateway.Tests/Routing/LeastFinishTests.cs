using ComfyServe.Gateway.Routing;
using CsCheck;

namespace ComfyServe.Gateway.Tests.Routing;

public sealed class LeastFinishTests
{
    [Fact]
    public void Find_AnyTable_IsTheFirstOfTheLeast()
    {
        var worker = Gen.Select(Gen.Int[0, 5], Gen.Frequency((4, Gen.Int[1, 4].Select(p => 1.0 / p)), (1, Gen.Const(double.PositiveInfinity))));
        Gen.Select(worker.Array[0, 40], Gen.Int[1, 3]).Sample((table, cost) =>
        {
            var outstanding = table.Select(w => (double)w.Item1).ToArray();
            var inverse = table.Select(w => w.Item2).ToArray();

            var found = LeastFinish.Find(outstanding, inverse, cost);

            var finish = outstanding.Zip(inverse, (o, i) => (o + cost) * i).ToList();
            var expected = finish.Count == 0 || double.IsInfinity(finish.Min()) ? -1 : finish.IndexOf(finish.Min());
            Assert.Equal(expected, found);
        });
    }

    [Fact]
    public void Find_ThousandWorkers_AllocatesNothing()
    {
        var outstanding = new double[1000];
        var inverse = Enumerable.Repeat(0.5, 1000).ToArray();
        LeastFinish.Find(outstanding, inverse, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1000; i++)
        {
            outstanding[LeastFinish.Find(outstanding, inverse, 100)] += 100;
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
