using ComfyServe.Diffusion.Runtime;
using ComfyServe.Diffusion.Sampling;
using ComfyServe.Diffusion.Sampling.Noise;
using ComfyServe.Diffusion.Sampling.Samplers;
using ComfyServe.Diffusion.Sampling.Schedules;
using static TorchSharp.torch;

namespace ComfyServe.Diffusion.Tests.Sampling;

/// <summary>One value of each sampler on a denoiser that is linear in x, with noise that is always 0.5.</summary>
public sealed class SamplerVectorTests
{
    private static readonly float[] Sigmas = [14.6146f, 7, 3, 1, 0.3f, 0];

    static SamplerVectorTests() => TorchRuntime.Initialize();

    public static TheoryData<string, int, float[]> Vectors() => new()
    {
        { "euler", 5, [0.7283247f, -0.02955083f, 0.3241244f, 0.2483369f] },
        { "euler_cfg_pp", 5, [0.7909752f, 0.03309957f, 0.3867748f, 0.3109873f] },
        { "euler_ancestral", 5, [0.8481889f, 0.7782871f, 0.810908f, 0.8039177f] },
        { "euler_ancestral_cfg_pp", 5, [0.864297f, 0.7943951f, 0.8270161f, 0.8200259f] },
        { "heun", 9, [1.104623f, -0.05338665f, 0.4870176f, 0.3712167f] },
        { "heunpp2", 12, [0.7579257f, -0.03477129f, 0.3351539f, 0.2558842f] },
        { "dpm_2", 9, [0.9988996f, -0.06781404f, 0.4299856f, 0.3233143f] },
        { "dpm_2_ancestral", 9, [2.000817f, 1.682436f, 1.831014f, 1.799176f] },
        { "lms", 5, [0.7882699f, -0.04715491f, 0.34271f, 0.2591675f] },
        { "dpm_fast", 5, [1.129376f, -0.2287199f, 0.4050581f, 0.2692486f] },
        { "dpm_adaptive", 18, [0.9372463f, -0.1686238f, 0.3474489f, 0.2368619f] },
        { "dpmpp_2s_ancestral", 9, [1.155698f, 1.024892f, 1.085935f, 1.072854f] },
        { "dpmpp_2s_ancestral_cfg_pp", 9, [1.163073f, 1.042097f, 1.098553f, 1.086455f] },
        { "dpmpp_sde", 9, [1.133456f, 1.063554f, 1.096175f, 1.089185f] },
        { "dpmpp_2m", 5, [0.8634205f, -0.07163266f, 0.3647254f, 0.2712201f] },
        { "dpmpp_2m_cfg_pp", 5, [1.014764f, 0.07971057f, 0.5160686f, 0.4225633f] },
        { "dpmpp_2m_sde", 5, [1.04089f, 0.9709883f, 1.003609f, 0.9966189f] },
        { "dpmpp_2m_sde_heun", 5, [1.119685f, 1.049783f, 1.082404f, 1.075414f] },
        { "dpmpp_3m_sde", 5, [1.242522f, 1.17262f, 1.205241f, 1.19825f] },
        { "ddpm", 5, [0.8481888f, 0.7782871f, 0.8109078f, 0.8039177f] },
        { "lcm", 5, [0.6813272f, 0.681263f, 0.681293f, 0.6812865f] },
        { "ipndm", 5, [0.9284374f, -0.07939955f, 0.3909243f, 0.2901406f] },
        { "ipndm_v", 5, [0.8578129f, -0.06494548f, 0.3656751f, 0.2733992f] },
        { "deis", 5, [0.8633726f, -0.06741672f, 0.3669515f, 0.2738726f] },
        { "res_multistep", 5, [0.8913659f, -0.08048878f, 0.3730434f, 0.2758579f] },
        { "res_multistep_cfg_pp", 5, [0.8296826f, -0.1421722f, 0.3113601f, 0.2141746f] },
        { "res_multistep_ancestral", 5, [1.119685f, 1.049783f, 1.082404f, 1.075414f] },
        { "res_multistep_ancestral_cfg_pp", 5, [0.9714507f, 0.9015487f, 0.9341697f, 0.9271795f] },
        { "gradient_estimation", 5, [0.9173682f, -0.08220967f, 0.38426f, 0.2843022f] },
        { "gradient_estimation_cfg_pp", 5, [0.9054679f, -0.09411003f, 0.3723596f, 0.2724018f] },
        { "er_sde", 5, [1.166794f, 0.6021102f, 0.8656294f, 0.809161f] },
        { "seeds_2", 9, [1.342795f, 1.272893f, 1.305514f, 1.298524f] },
        { "seeds_3", 13, [1.802394f, 1.732492f, 1.765113f, 1.758123f] },
        { "sa_solver", 5, [0.884366f, 0.7075717f, 0.7900757f, 0.7723963f] },
        { "sa_solver_pece", 9, [1.033697f, 0.8418356f, 0.9313709f, 0.9121848f] },
        { "uni_pc", 5, [0.9877076f, -0.1088455f, 0.4028795f, 0.2932242f] },
        { "uni_pc_bh2", 5, [0.9082735f, -0.08623451f, 0.3778694f, 0.2784185f] },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Sample_LinearDenoiser_GivesTheReferenceValues(string name, int calls, float[] expected)
    {
        using var scope = NewDisposeScope();
        var denoiser = AnalyticDenoiser.Toy();
        var run = new SamplerRun(denoiser, Sigmas, new ConstantNoise(), DiscreteSchedule.StableDiffusion);
        var x = tensor(new float[] { 10, -5, 2, 0.5f }).reshape(1, 4, 1, 1);

        var result = SamplerCatalog.Get(name).Sampler.Sample(run, x).reshape(-1).data<float>();

        Assert.Equal(calls, denoiser.Calls.Count);
        Assert.All(expected.Zip(result), pair => Assert.True(
            Math.Abs(pair.First - pair.Second) <= 2e-5, $"expected {pair.First} but got {pair.Second}"));
    }

    [Fact]
    public void Vectors_CoverEverySampler()
    {
        var covered = Vectors().Select(row => row.Data.Item1);

        Assert.Empty(SamplerCatalog.Names.Where(n => !n.EndsWith("_gpu", StringComparison.Ordinal) && n != "ddim").Except(covered));
    }

    private sealed class ConstantNoise : INoiseSampler
    {
        public Tensor Sample(double sigma, double target) => full([1, 4, 1, 1], 0.5f);
    }
}
