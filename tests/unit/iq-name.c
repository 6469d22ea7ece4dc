/* SPDX-License-Identifier: ISC */
/* lib/io/iq_name: what the names of recordings tell, as programs make them. */
#include <string.h>

#include "../seed.h"
#include "../test.h"
#include "base/dtype.h"
#include "base/num.h"
#include "io/iq_name.h"

#define NONE ""

/* What a name tells; NONE where it tells nothing, "local" for a time without a zone. */
static const struct {
	const char *name, *type, *rate, *freq, *time;
} table[] = {
	/* gqrx */
	{"gqrx_20190301_171543_144390000_1800000_fc.raw", "cf32", "1800000", "144390000",
		"2019-03-01T17:15:43Z"},
	{"gqrx_20141230_102009_97300000_96000_fc.raw", "cf32", "96000", "97300000",
		"2014-12-30T10:20:09Z"},
	{"gqrx_20200512_093015_145825000.wav", NONE, NONE, "145825000", "2020-05-12T09:30:15Z"},
	/* HDSDR, Winrad and their kin */
	{"HDSDR_20110924_072030Z_7100kHz_RF.wav", NONE, NONE, "7100000", "2011-09-24T07:20:30Z"},
	{"HDSDR_20131229_235959Z_15047kHz_AF.wav", NONE, NONE, "15047000", "2013-12-29T23:59:59Z"},
	{"WRplus_20110102_163442Z_3715kHz_RF.wav", NONE, NONE, "3715000", "2011-01-02T16:34:42Z"},
	{"Studio1_20120708_050000Z_1000kHz.wav", NONE, NONE, "1000000", "2012-07-08T05:00:00Z"},
	{"FDMSW2_20140907_184042Z_9500kHz.wav", NONE, NONE, "9500000", "2014-09-07T18:40:42Z"},
	{"HackRF_20130329_201530Z_100000kHz_IQ.wav", NONE, NONE, "100000000",
		"2013-03-29T20:15:30Z"},
	/* SDR# */
	{"SDRSharp_20160101_130000Z_7100000Hz_IQ.wav", NONE, NONE, "7100000",
		"2016-01-01T13:00:00Z"},
	{"SDRSharp_20150804_204529Z_137912500Hz_AF.wav", NONE, NONE, "137912500",
		"2015-08-04T20:45:29Z"},
	{"18-09-52_105600000Hz.wav", NONE, NONE, "105600000", NONE},
	/* SDRuno, SDRconnect */
	{"SDRuno_20200904_204456Z_9600kHz.wav", NONE, NONE, "9600000", "2020-09-04T20:44:56Z"},
	{"SDRuno_20180514_160112Z_14000kHz.wav", NONE, NONE, "14000000", "2018-05-14T16:01:12Z"},
	{"SDRconnect_IQ_20240211_101112_137500000HZ.wav", NONE, NONE, "137500000", "local"},
	/* kiwirecorder, ka9q-radio */
	{"20230212T133700Z_9000000_KPH_iq.wav", NONE, NONE, "9000000", "2023-02-12T13:37:00Z"},
	{"20180808T124400Z_11105000_iq.wav", NONE, NONE, "11105000", "2018-08-08T12:44:00Z"},
	{"20240330T210000Z_10000000_WWV_IQ.wav", NONE, NONE, "10000000", "2024-03-30T21:00:00Z"},
	{"20200229T000000Z_60000_usb.wav", NONE, NONE, "60000", "2020-02-29T00:00:00Z"},
	/* rtl_433 */
	{"g001_433.92M_250k.cu8", "cu8", "250000", "433920000", NONE},
	{"g012_868.3M_1024k.cu8", "cu8", "1024000", "868300000", NONE},
	{"g003_915M_1M.cs16", "ci16", "1000000", "915000000", NONE},
	{"FSK_g007_315M_250k.cs8", "ci8", "250000", "315000000", NONE},
	{"gfile001_433.92M.cu8", "cu8", NONE, "433920000", NONE},
	{"baby_monitor_250k.cu8", "cu8", "250000", NONE, NONE},
	/* SatDump */
	{"2023-05-14_10-30-00_6000000SPS_137500000Hz.cf32", "cf32", "6000000", "137500000",
		"2023-05-14T10:30:00Z"},
	{"2024-01-31_23-59-59-250_2400000SPS_1701300000Hz.cs8", "ci8", "2400000", "1701300000",
		"2024-01-31T23:59:59.25Z"},
	/* SDR++ */
	{"baseband_100000000Hz_12-30-45_01-02-2023.wav", NONE, NONE, "100000000", "local"},
	{"audio_7100000Hz_06-07-08_31-12-2021.wav", NONE, NONE, "7100000", "local"},
	/* URH */
	{"HackRF-20180101_120000-433_92MHz-2MSps-2MHz.complex", "cf32", "2000000", "433920000",
		"local"},
	{"RTL-SDR-20190515_201010-868MHz-1MSps-1MHz.complex16u", "cu8", "1000000", "868000000",
		"local"},
	{"HackRF-20210101_000000-315MHz-4MSps-4MHz.complex16s", "ci8", "4000000", "315000000",
		"local"},
	/* SDRTrunk, SDR Console, SDRangel, CubicSDR, WebSDR, PortaPack */
	{"20190101_120000_851012500_Site_Control_baseband.wav", NONE, NONE, "851012500", "local"},
	{"03-Jan-2021 184501.123 7.100MHz 000.wav", NONE, NONE, "7100000", "local"},
	{"10-Aug-2018 143524.372 14.175MHz.wav", NONE, NONE, "14175000", "local"},
	{"test.2020-08-05T21_39_07_974.wav", NONE, NONE, NONE, "local"},
	{"FM 105.3MHz_2018-01-28_12-11-10.wav", NONE, NONE, "105300000", "local"},
	{"websdr_recording_start_2014-08-22T16_05_50Z_7088.0kHz.wav", NONE, NONE, "7088000",
		"2014-08-22T16:05:50Z"},
	{"BBD_0001.C16", "ci16", NONE, NONE, NONE},
	{"BBD_20230101_120000.C8", "ci8", NONE, NONE, "local"},
	/* GNU Radio, inspectrum and people */
	{"capture.cfile", "cf32", NONE, NONE, NONE},
	{"iq_100MHz_2.4Msps.fc32", "cf32", "2400000", "100000000", NONE},
	{"noaa19@137.1MHz_1.024MSPS.cu8", "cu8", "1024000", "137100000", NONE},
	{"lora_868.1MHz_250kS/s.cs16", "ci16", "250000", "868100000", NONE},
	{"x-2048ksps-1090MHz.cs8", "ci8", "2048000", "1090000000", NONE},
	{"adsb.sc16", "ci16", NONE, NONE, NONE},
	{"GPS_1.57542GHz_4Msps.sc8", "ci8", "4000000", "1575420000", NONE},
	{"audio.f32", "f32", NONE, NONE, NONE},
	{"radar.ci16_be", "ci16_be", NONE, NONE, NONE},
	{"vlf.s16be", "i16_be", NONE, NONE, NONE},
	{"x.ri16_le", "i16", NONE, NONE, NONE},
	/* What tells nothing, or not what it seems */
	{"capture.raw", NONE, NONE, NONE, NONE},
	{"modes1.bin", NONE, NONE, NONE, NONE},
	{"usrp_samples.dat", NONE, NONE, NONE, NONE},
	{"IQ.wav", NONE, NONE, NONE, NONE},
	{"20231301_250000.cu8", "cu8", NONE, NONE, NONE},
	{"HDSDR_20110230_072030Z_7100kHz_RF.wav", NONE, NONE, "7100000", NONE},
	{"model7100kHzZ.raw", NONE, NONE, NONE, NONE},
	{"", NONE, NONE, NONE, NONE},
	{".cu8", "cu8", NONE, NONE, NONE},
	{"99999999999999999999999999MHz.cu8", "cu8", NONE, NONE, NONE},
	{"0Msps.cu8", "cu8", NONE, NONE, NONE},
};

static void say_type(const struct iq_type *type, char out[40])
{
	snprintf(out, 40, "%s%s", type->dtype ? dtype_name(type->dtype) : NONE,
		type->big_endian ? "_be" : "");
}

static void known_names(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char type[40], rate[64] = NONE, freq[NUMBER_TEXT] = NONE, time[UTC_TEXT] = NONE;
		struct iq_name n;

		iq_name_read(table[i].name, &n);
		say_type(&n.type, type);
		if (n.has_rate)
			snprintf(rate, sizeof(rate), n.rate.den == 1 ? "%llu" : "%llu/%llu",
				(unsigned long long)n.rate.num, (unsigned long long)n.rate.den);
		if (n.has_freq)
			format_f64(freq, n.freq_hz);
		if (n.has_time)
			utc_format(time, n.time, -1);
		if (n.local_time)
			strcpy(time, "local");
		if (!check(!strcmp(type, table[i].type) && !strcmp(rate, table[i].rate) &&
				    !strcmp(freq, table[i].freq) && !strcmp(time, table[i].time),
			    "'%s'", table[i].name))
			printf("# type '%s' rate '%s' freq '%s' time '%s' by %s\n", type, rate,
				freq, time, n.form ? n.form : "nothing");
	}
}

/* Names of any bytes end soon and say nothing impossible. */
static void random_names(void)
{
	static const char letters[] = "0123456789_-.:TZkMGHzspS/ @%*YmdHMS\xff";
	bool right = true;

	for (int i = 0; i < 20000; i++) {
		char name[256];
		size_t n = (size_t)below(i % 100 ? 40 : 255);
		struct iq_name got;

		for (size_t k = 0; k < n; k++)
			name[k] = letters[below(sizeof(letters) - 1)];
		name[n] = '\0';
		iq_name_read(name, &got);
		right = right && (!got.has_rate || (got.rate.num > 0 && got.rate.den > 0)) &&
			(!got.has_freq || (got.freq_hz >= 0 && got.freq_hz < 1e40)) &&
			!(got.has_time && got.local_time);
	}
	check(right, "random names tell nothing impossible");
}

int main(int argc, char **argv)
{
	static const char *const aliases[][2] = {{"cu8", "cu8"}, {"cs8", "ci8"}, {"CS16", "ci16"},
		{"sc16", "ci16"}, {"cs32", "ci32"}, {"fc32", "cf32"}, {"fc64", "cf64"},
		{"s16le", "i16"}, {"s16be", "i16_be"}, {"ci16_be", "ci16_be"}, {"ru8", "u8"},
		{"rf32_le", "f32"}, {"cf32_le", "cf32"}, {"u64", "u64"}, {"cfile", "cf32"},
		{"be", NONE}, {"_be", NONE}, {"cx16", NONE}, {"", NONE}, {"columns", NONE}};

	seed_from(argc, argv);
	known_names();
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		struct iq_type type;
		char text[40] = NONE;

		if (iq_type_parse(aliases[i][0], &type))
			say_type(&type, text);
		check(!strcmp(text, aliases[i][1]), "type '%s'", aliases[i][0]);
	}
	random_names();
	return done();
}
